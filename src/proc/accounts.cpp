#include "tidemark/proc/accounts.hpp"

#include <array>
#include <cstddef>

#include "detail/text.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view io_step = "read the I/O account of a process";
constexpr std::string_view rollup_step = "read the memory summary of a process";

/// A line's key and the member that it fills.
template <class Fields>
struct KeyOf {
  std::string_view key;
  std::uint64_t Fields::*member;
};

constexpr std::array<KeyOf<IoFields>, 7> io_keys{{{"rchar", &IoFields::read_chars},
                                                  {"wchar", &IoFields::write_chars},
                                                  {"syscr", &IoFields::read_calls},
                                                  {"syscw", &IoFields::write_calls},
                                                  {"read_bytes", &IoFields::read_bytes},
                                                  {"write_bytes", &IoFields::write_bytes},
                                                  {"cancelled_write_bytes", &IoFields::cancelled_write_bytes}}};

/// The first four are required.
constexpr std::array<KeyOf<RollupFields>, 12> rollup_keys{{{"Rss", &RollupFields::rss},
                                                           {"Pss", &RollupFields::pss},
                                                           {"Private_Clean", &RollupFields::private_clean},
                                                           {"Private_Dirty", &RollupFields::private_dirty},
                                                           {"Private_Hugetlb", &RollupFields::private_hugetlb},
                                                           {"Shared_Clean", &RollupFields::shared_clean},
                                                           {"Shared_Dirty", &RollupFields::shared_dirty},
                                                           {"Shared_Hugetlb", &RollupFields::shared_hugetlb},
                                                           {"Swap", &RollupFields::swap},
                                                           {"SwapPss", &RollupFields::swap_pss},
                                                           {"Anonymous", &RollupFields::anonymous},
                                                           {"AnonHugePages", &RollupFields::anon_huge}}};
constexpr std::size_t rollup_required = 4;

/// The place of a key in its table, or the table's size.
template <class Keys>
std::size_t place_of(const Keys& keys, std::string_view key) {
  std::size_t place = 0;
  while (place < keys.size() && keys[place].key != key) ++place;
  return place;
}

bool parse_count(std::string_view value, std::uint64_t& count) {
  return detail::take_number(value, count) && detail::next_word(value).empty();
}

/// Fills `out` from the lines of `text`; the first `required` keys of the table must be there.
template <class Fields, class Keys, class ParseValue>
Result<Fields> parse_lines(std::string_view text, const Keys& keys, std::size_t required, ParseValue parse_value,
                           std::string_view step) {
  Fields out;
  std::array<bool, std::tuple_size_v<Keys>> seen{};
  std::string_view rest = text, line, key, value;
  while (detail::next_line(rest, line)) {
    if (!detail::split_key(line, key, value)) return fail(detail::malformed(step, "no colon", line));
    const std::size_t place = place_of(keys, key);
    if (place == keys.size()) continue;
    if (!parse_value(value, out.*keys[place].member)) return fail(detail::malformed(step, "no number", line));
    seen[place] = true;
  }
  if (!rest.empty()) return fail(detail::malformed(step, "cut line", rest));
  for (std::size_t place = 0; place < required; ++place) {
    if (!seen[place]) return fail(detail::malformed(step, "no line " + std::string(keys[place].key), text));
  }
  return out;
}

}  // namespace

Result<IoFields> parse_io(std::string_view text) {
  return parse_lines<IoFields>(text, io_keys, io_keys.size(), parse_count, io_step);
}

Result<RollupFields> parse_rollup(std::string_view text) {
  // The first line is the range of the whole address space and "[rollup]": it has a colon in its device number.
  return parse_lines<RollupFields>(text, rollup_keys, rollup_required, detail::parse_kilobytes, rollup_step);
}

}  // namespace tidemark::proc
