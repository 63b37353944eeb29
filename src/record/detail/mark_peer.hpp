// Purpose: what the recorder does with one accepted connection, whatever the state of the others.
#pragma once

#include <cstdint>
#include <string>

#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/record/mark_protocol.hpp"

namespace tidemark::record::detail {

/// A timer that becomes readable once, `after_ns` from now.
[[nodiscard]] base::Result<base::Fd> make_deadline(std::int64_t after_ns);

/// Whether the other end was opened by our own user or by root.
[[nodiscard]] bool is_trusted_peer(int socket);

/// Never waits: one line fits the buffer of a fresh socket, and a client that filled it, or left, has itself to blame.
void answer(int socket, const MarkReply& reply);

void refuse(int socket, std::string why);

}  // namespace tidemark::record::detail
