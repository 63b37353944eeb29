// Purpose: hostile texts for the readers of saved ledgers and censuses.
#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace tidemark::record::test {

/// One to three changes: some bytes cut out, or one put in the place of another that means something in JSON.
inline std::string changed_json(std::string text, std::mt19937& random) {
  const std::string bytes = "{}[]\",:-0123456789eE.\\x truefalsnl\n\xff";
  for (unsigned edit = 0; edit < 1 + random() % 3; ++edit) {
    const std::size_t at = random() % text.size();
    if (random() % 4 == 0) {
      text.erase(at, 1 + random() % 40);
    } else {
      text[at] = bytes[random() % bytes.size()];
    }
  }
  return text;
}

/// A list of more values than may be read.
inline std::string list_of_more_than(std::size_t values) {
  std::string many = "[0";
  for (std::size_t at = 0; at < values + 10; ++at) many += ",0";
  return many + "]";
}

}  // namespace tidemark::record::test
