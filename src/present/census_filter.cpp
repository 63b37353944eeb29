#include <algorithm>

#include "tidemark/base/text.hpp"
#include "tidemark/present/census.hpp"

namespace tidemark::present {
namespace {

/// Bytes of the character at the start; a byte of broken UTF-8 is one.
std::size_t character_bytes(std::string_view text) {
  return std::max<std::size_t>(base::utf8_character_length(text), 1);
}

/// Only the last star is ever tried again: what an earlier one took more of, the last one can take as well.
bool is_all_of(std::string_view glob, std::string_view text) {
  constexpr auto none = std::string_view::npos;
  std::size_t at = 0;
  std::size_t in_glob = 0;
  std::size_t star = none;
  std::size_t star_took_to = 0;
  while (at < text.size()) {
    const char wanted = in_glob < glob.size() ? glob[in_glob] : '\0';
    const bool is_end = in_glob >= glob.size();
    if (!is_end && wanted == '*') {
      star = in_glob++;
      star_took_to = at;
    } else if (!is_end && wanted == '?') {
      at += character_bytes(text.substr(at));
      ++in_glob;
    } else if (!is_end && wanted == text[at]) {
      ++at;
      ++in_glob;
    } else if (star != none) {
      star_took_to += character_bytes(text.substr(star_took_to));
      at = star_took_to;
      in_glob = star + 1;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', in_glob) == none;
}

}  // namespace

bool matches(std::string_view glob, const model::CensusType& type) { return is_all_of(glob, type.type); }

}  // namespace tidemark::present
