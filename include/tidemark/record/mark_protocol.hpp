// Purpose: what `tidemark mark` and a recorder say to each other: over a unix stream socket, one JSON object on one
// line each way, then the recorder closes.
//
//   request  {"version":1,"label":"load test","fields":[["users","500"],["build","a1b2"]]}
//   reply    {"version":1,"outcome":"written","elapsed_ns":12345678900,"text":""}
//            {"version":1,"outcome":"failed","elapsed_ns":0,"text":"write out.csv: No space left on device"}
//            {"version":1,"outcome":"refused","elapsed_ns":0,"text":"the label is empty"}
//
// `written`: the phase and a first tick of it are in the file. `failed`: the request was right and the recording could
// not write it. `refused`: the request was wrong, came from another user, or came while too many others waited.
// Invariant: both sides are hostile to each other (root may mark a user's recording): every length has a cap, every
// type is checked, members that are not known are ignored, another version is `unsupported`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tidemark/base/result.hpp"
#include "tidemark/model/event.hpp"

namespace tidemark::record {

inline constexpr int mark_protocol_version = 1;
inline constexpr std::size_t mark_request_cap_bytes = 64 * 1024;
inline constexpr std::size_t mark_reply_cap_bytes = 8 * 1024;

enum class MarkOutcome { written, failed, refused };

struct MarkReply {
  MarkOutcome outcome = MarkOutcome::refused;
  std::int64_t elapsed_ns = 0;  ///< since the recording's start, of the phase's first tick; only when written
  std::string text;             ///< why not, for people; printable (control characters and broken UTF-8 are escaped)
};

/// One line with its newline. The mark must have passed check_mark().
[[nodiscard]] std::string encode_mark_request(const model::Mark& mark);
/// A line without its newline; the mark has passed check_mark(). `malformed`, `unsupported` or `usage`, with a detail.
[[nodiscard]] base::Result<model::Mark> decode_mark_request(std::string_view line);

/// One line with its newline; a text over the cap is cut.
[[nodiscard]] std::string encode_mark_reply(const MarkReply& reply);
[[nodiscard]] base::Result<MarkReply> decode_mark_reply(std::string_view line);

}  // namespace tidemark::record
