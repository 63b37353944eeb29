// Purpose: the stacks that a fixture program can have, as it states them (fixtures/programs/switches.py), and whether
// a stack is one of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/model/stack.hpp"

namespace tidemark::oracle {

struct LegalFrame {
  std::string function;
  std::vector<std::int64_t> lines;  ///< sorted
  bool may_lack_line = false;       ///< some of its instructions have none
};

class LegalStacks {
 public:
  /// `path` holds the program's ready line, JSON with "file" and "legal". Throws std::exception when it does not: this
  /// is a test's own file.
  explicit LegalStacks(const std::string& path);

  /// Whether the stack, innermost frame first, is one of them: each function, line and file, and no frame too many.
  [[nodiscard]] bool has(const model::Frames& frames) const;

 private:
  std::string file_;
  std::vector<std::vector<LegalFrame>> patterns_;  ///< innermost frame first
};

/// "x:23 < b:41 < …", for a person; of a long stack the innermost frames.
[[nodiscard]] std::string text_of(const model::Frames& frames);

}  // namespace tidemark::oracle
