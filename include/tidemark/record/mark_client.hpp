// Purpose: the client's end of `tidemark mark`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tidemark/base/clock.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/model/event.hpp"
#include "tidemark/record/mark_protocol.hpp"
#include "tidemark/record/mark_registry.hpp"

namespace tidemark::record {

/// Sends the mark and waits for the answer, together at most `timeout_ns`. `not_found`: no socket there; `closed`:
/// nobody listens, or the recording ended before it answered; `busy`: no answer in time; `malformed`: the answer is
/// none of ours.
[[nodiscard]] base::Result<MarkReply> send_mark(const std::string& socket_path, const model::Mark& mark,
                                                std::int64_t timeout_ns, const base::Clock& clock);

/// The socket of the recorder that writes `recording`, the first live one of: that name itself (a recording on standard
/// output is known only by its socket), FILE.sock, FILE.sock beside the file that FILE links to, and those of the
/// runtime directories' entry that names FILE. `not_found` when nobody records there.
[[nodiscard]] base::Result<std::string> find_socket(const std::string& recording,
                                                    std::span<const std::string> runtime_directories);

}  // namespace tidemark::record
