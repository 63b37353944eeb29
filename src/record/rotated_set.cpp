#include "tidemark/record/rotated_set.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>

namespace tidemark::record {
namespace {

namespace fs = std::filesystem;

/// The number in `stem.K.suffix`; nullopt for any other name, also for one with a leading zero (we write none).
std::optional<std::uint64_t> number_in(std::string_view name, std::string_view stem, std::string_view suffix) {
  if (name.size() <= stem.size() + 1 + suffix.size()) return std::nullopt;
  if (!name.starts_with(stem) || name[stem.size()] != '.' || !name.ends_with(suffix)) return std::nullopt;
  name.remove_prefix(stem.size() + 1);
  name.remove_suffix(suffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size() || name.front() == '0') return std::nullopt;
  return number;
}

base::Result<void> rename_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    return base::fail(base::os_error("rename a recording to " + to, errno, from));
  }
  return {};
}

}  // namespace

base::Result<RotatedSet> RotatedSet::scan(const std::string& path) {
  RotatedSet set;
  const fs::path current(path);
  const std::string stem = current.stem().string();
  set.current_ = path;
  set.stem_ = (current.parent_path() / stem).string();
  set.suffix_ = current.extension().string();
  const fs::path directory = current.has_parent_path() ? current.parent_path() : fs::path(".");
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    const auto number = number_in(entry->path().filename().string(), stem, set.suffix_);
    if (number && entry->is_regular_file(ignored)) set.numbers_.push_back(*number);
  }
  if (error) return base::fail(base::os_error("look for rotated files", error.value(), directory.string()));
  std::sort(set.numbers_.begin(), set.numbers_.end());
  if (!set.empty()) set.next_ = set.numbers_.back() + 1;
  return set;
}

std::string RotatedSet::path_of(std::uint64_t number) const { return stem_ + '.' + std::to_string(number) + suffix_; }

base::Result<void> RotatedSet::take_current() {
  if (auto renamed = rename_file(current_, path_of(next_)); !renamed) return renamed;
  numbers_.push_back(next_++);
  return {};
}

base::Result<void> RotatedSet::keep_newest(std::size_t keep) {
  while (numbers_.size() > keep) {
    const std::string oldest = path_of(numbers_.front());
    if (::unlink(oldest.c_str()) != 0 && errno != ENOENT) {
      return base::fail(base::os_error("remove the oldest rotated file", errno, oldest));
    }
    numbers_.erase(numbers_.begin());
  }
  return {};
}

base::Result<void> RotatedSet::displace(std::vector<std::string>& renamed) {
  for (const std::uint64_t number : numbers_) {
    const std::string old_name = path_of(number) + ".old";
    if (auto result = rename_file(path_of(number), old_name); !result) return result;
    renamed.push_back(old_name);
  }
  numbers_.clear();
  next_ = 1;
  return {};
}

}  // namespace tidemark::record
