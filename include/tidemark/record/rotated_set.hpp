// Purpose: the names of the files that rotation leaves beside `x.csv`: x.1.csv, x.2.csv, … (oldest first).
// Invariant: numbers() is sorted; the next number is greater than all of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tidemark/base/result.hpp"

namespace tidemark::record {

class RotatedSet {
 public:
  RotatedSet() = default;

  /// Looks through the directory of `path` for files of its set.
  [[nodiscard]] static base::Result<RotatedSet> scan(const std::string& path);

  /// `x.7.csv` for 7; `x.7` for a path without a suffix.
  [[nodiscard]] std::string path_of(std::uint64_t number) const;
  [[nodiscard]] const std::vector<std::uint64_t>& numbers() const { return numbers_; }
  [[nodiscard]] bool empty() const { return numbers_.empty(); }
  [[nodiscard]] std::string newest() const { return path_of(numbers_.back()); }

  /// Renames `path` to the next number.
  base::Result<void> take_current();
  /// Removes the oldest until at most `keep` are left.
  base::Result<void> keep_newest(std::size_t keep);
  /// Renames all to NAME.old, appending the new names to `renamed`.
  base::Result<void> displace(std::vector<std::string>& renamed);

 private:
  std::string current_;
  std::string stem_;    ///< with the directory: "/data/x"
  std::string suffix_;  ///< ".csv"
  std::vector<std::uint64_t> numbers_;
  std::uint64_t next_ = 1;
};

}  // namespace tidemark::record
