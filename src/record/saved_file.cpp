#include "detail/saved_file.hpp"

#include <fcntl.h>
#include <stdlib.h>  // NOLINT: mkostemp is POSIX
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "tidemark/base/fd.hpp"

namespace tidemark::record::detail {
namespace {

using base::Result;

/// A file that is made but for its name; removed again unless it is kept.
class NewFile {
 public:
  [[nodiscard]] static Result<NewFile> beside(const std::string& path, const char* saving) {
    std::string name = path + ".XXXXXX";
    const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
    if (descriptor < 0) return base::fail(base::os_error(saving, errno, path));
    return NewFile(base::Fd(descriptor), std::move(name), saving);
  }
  NewFile(NewFile&& other) noexcept
      : file_(std::move(other.file_)), name_(std::exchange(other.name_, {})), saving_(other.saving_) {}
  NewFile& operator=(NewFile&&) = delete;
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  [[nodiscard]] Result<void> write(std::string_view bytes) {
    std::size_t written = 0;
    return base::write_all(file_.get(), bytes, saving_, written);
  }

  /// On disk first: a rename that outlives a power cut must not name an empty file.
  [[nodiscard]] Result<void> keep_as(const std::string& path) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    constexpr mode_t as_open_makes_it = 0666;
    const bool is_ready = ::fchmod(file_.get(), as_open_makes_it & ~mask) == 0 && ::fsync(file_.get()) == 0;
    if (!is_ready || std::rename(name_.c_str(), path.c_str()) != 0) {
      return base::fail(base::os_error(saving_, errno, path));
    }
    name_.clear();
    return {};
  }

 private:
  NewFile(base::Fd file, std::string name, const char* saving)
      : file_(std::move(file)), name_(std::move(name)), saving_(saving) {}

  base::Fd file_;
  std::string name_;
  const char* saving_;
};

/// Where a rename must go: what a link points to, and never onto a device or a fifo, which it would replace.
Result<std::string> place_of(const std::string& path, const char* saving) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return path;
  if (!S_ISREG(found.st_mode)) {
    return base::fail({.code = base::ErrorCode::usage,
                       .doing = saving,
                       .path = path,
                       .detail = "it is there and is no regular file"});
  }
  std::error_code failed;
  const auto real = std::filesystem::canonical(path, failed);
  return failed ? path : real.string();
}

}  // namespace

Result<void> replace_file(const std::string& named, std::string_view text, const char* saving) {
  const auto place = place_of(named, saving);
  if (!place) return base::fail(place.error());
  const std::string& path = *place;
  auto file = NewFile::beside(path, saving);
  if (!file) return base::fail(std::move(file).error());
  if (auto written = file->write(text); !written) {
    auto error = std::move(written).error();
    error.path = path;
    return base::fail(std::move(error));
  }
  return file->keep_as(path);
}

base::Error malformed(const std::string& path, const SavedKind& kind, std::string what) {
  return {.code = base::ErrorCode::malformed, .doing = kind.reading, .path = path, .detail = std::move(what)};
}

Result<SavedJson> parse_saved(std::string_view text, const std::string& path, const SavedKind& kind) {
  // A callback keeps what a hostile text may make us hold small: what is too deep or too much is dropped as it comes.
  constexpr int deepest = 12;
  std::size_t values = 0;
  bool is_too_deep = false;
  const auto keep = [&](int depth, SavedJson::parse_event_t /*event*/, SavedJson& /*parsed*/) {
    is_too_deep = is_too_deep || depth > deepest;
    return !is_too_deep && ++values <= kind.max_values;
  };
  auto json = SavedJson::parse(text, keep, false);
  if (values > kind.max_values) {
    return base::fail(
        {.code = base::ErrorCode::limit, .doing = kind.reading, .path = path, .detail = "too many values"});
  }
  if (is_too_deep) return base::fail(malformed(path, kind, "nested too deeply"));
  if (json.is_discarded()) return base::fail(malformed(path, kind, "not JSON, or cut"));
  return json;
}

}  // namespace tidemark::record::detail
