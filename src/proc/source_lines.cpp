#include "tidemark/proc/source_lines.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "tidemark/base/text.hpp"

namespace tidemark::proc {
namespace {

/// Python reads a declaration of the encoding in one of these (PEP 263).
constexpr std::size_t lines_of_declaration = 2;

bool is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\f' || byte == '\v'; }

/// As the process would open it. A path descriptor: nothing of the file itself is opened yet.
base::Fd find_in_root(int root, const std::string& path) {
  constexpr int tries = 8;  // EAGAIN: a rename on the way
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  for (int i = 0; i < tries; ++i) {
    const long found = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof(how));
    if (found >= 0) return base::Fd(static_cast<int>(found));
    if (errno != EAGAIN && errno != EINTR) break;
  }
  return {};
}

/// Its size, when it is a file that may be read.
std::optional<std::size_t> size_of_plain_file(int path_fd) {
  struct stat found {};
  struct statfs system {};
  if (::fstat(path_fd, &found) != 0 || ::fstatfs(path_fd, &system) != 0) return std::nullopt;
  if (!S_ISREG(found.st_mode) || system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC) {
    return std::nullopt;
  }
  if (found.st_size <= 0 || static_cast<std::uint64_t>(found.st_size) > max_source_bytes) return std::nullopt;
  return static_cast<std::size_t>(found.st_size);
}

std::optional<std::string> link_target(int directory, const char* name) {
  std::array<char, PATH_MAX> target;
  const ssize_t got = ::readlinkat(directory, name, target.data(), target.size());
  if (got <= 0 || static_cast<std::size_t>(got) == target.size()) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(got));
}

/// The encoding that a line declares: "# -*- coding: latin-1 -*-". Empty when it declares none.
std::string_view declared_encoding(std::string_view line) {
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  if (!line.starts_with('#')) return {};
  const std::size_t at = line.find("coding");
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + std::string_view("coding").size());
  if (!line.starts_with(':') && !line.starts_with('=')) return {};
  line.remove_prefix(1);
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  const auto ends = [](char byte) {
    const bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    return !is_letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '_' && byte != '.';
  };
  return line.substr(0, static_cast<std::size_t>(std::ranges::find_if(line, ends) - line.begin()));
}

bool is_utf8_name(std::string_view encoding) {
  std::string name;
  for (const char byte : encoding) {
    if (byte != '-' && byte != '_') name += static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
  }
  return name.starts_with("utf8");
}

/// nullopt when it is no UTF-8.
std::optional<std::string> cut_to_characters(std::string_view line, std::size_t cap) {
  std::size_t characters = 0;
  std::size_t end = 0;
  for (std::size_t at = 0; at < line.size(); ++characters) {
    const std::size_t length = base::utf8_character_length(line.substr(at));
    if (length == 0) return std::nullopt;
    at += length;
    if (characters < cap) end = at;
  }
  std::string text(line.substr(0, end));
  if (end < line.size()) text += "…";
  return text;
}

}  // namespace

SourceText::SourceText(std::string text) : text_(std::move(text)) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text_.starts_with(byte_order_mark)) text_.erase(0, byte_order_mark.size());
  starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const bool is_crlf = text_[i] == '\r' && i + 1 < text_.size() && text_[i + 1] == '\n';
    if ((text_[i] == '\n' || text_[i] == '\r') && !is_crlf) starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
  is_ascii_only_ = declares_other_encoding();
}

bool SourceText::declares_other_encoding() const {
  for (std::size_t i = 0; i < std::min(lines_of_declaration, starts_.size()); ++i) {
    const auto encoding = declared_encoding(raw_line(i));
    if (!encoding.empty()) return !is_utf8_name(encoding);
  }
  return false;
}

std::string_view SourceText::raw_line(std::size_t index) const {
  const std::size_t end = index + 1 < starts_.size() ? starts_[index + 1] : text_.size();
  return std::string_view(text_).substr(starts_[index], end - starts_[index]);
}

std::optional<std::string> SourceText::line(std::int64_t number) const {
  if (number < 1 || static_cast<std::uint64_t>(number) > starts_.size()) return std::nullopt;
  std::string_view line = raw_line(static_cast<std::size_t>(number) - 1);
  while (!line.empty() && (is_blank(line.back()) || line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  const bool is_ascii = std::ranges::all_of(line, [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
  if (line.empty() || (is_ascii_only_ && !is_ascii)) return std::nullopt;
  const auto text = cut_to_characters(line, max_source_line_characters);
  if (!text) return std::nullopt;
  return base::escape_unprintable(*text);
}

std::optional<std::string> SourceLines::line(const std::string& file, std::int64_t number) {
  auto known = texts_.find(file);
  if (known == texts_.end()) {
    auto text = read(file);
    const std::size_t size = text ? text->size_bytes() : 0;
    if (texts_.size() >= max_kept_sources || kept_bytes_ + size > max_kept_source_bytes) {
      texts_.clear();
      kept_bytes_ = 0;
    }
    kept_bytes_ += size;
    known = texts_.emplace(file, std::move(text)).first;
  }
  return known->second ? known->second->line(number) : std::nullopt;
}

/// The path as it is inside the process's root.
std::optional<std::string> SourceLines::absolute(const std::string& file) const {
  if (file.empty() || file.front() == '<' || file.find('\0') != std::string::npos) return std::nullopt;
  if (file.front() == '/') return file;
  // Both links are told as we see them; inside a chroot the working directory begins with the root.
  const auto root = link_target(process_.dir_fd(), "root");
  auto directory = link_target(process_.dir_fd(), "cwd");
  if (!root || !directory || !directory->starts_with('/')) return std::nullopt;
  if (*root != "/") {
    if (*directory != *root && !directory->starts_with(*root + "/")) return std::nullopt;
    directory->erase(0, root->size());
  }
  return *directory + "/" + file;
}

std::optional<SourceText> SourceLines::read(const std::string& file) {
  const auto path = absolute(file);
  if (!path) return std::nullopt;
  if (!root_.is_open()) {
    auto root = base::open_at(process_.dir_fd(), "root", O_PATH | O_DIRECTORY, "open the root of a process");
    if (!root) return std::nullopt;
    root_ = std::move(*root);
  }
  const base::Fd found = find_in_root(root_.get(), *path);
  if (!found.is_open()) return std::nullopt;
  const auto size = size_of_plain_file(found.get());
  if (!size) return std::nullopt;
  // By its descriptor: the very file that was looked at. O_NONBLOCK: the program may hold a lease on it.
  auto opened = base::open_at(AT_FDCWD, "/proc/self/fd/" + std::to_string(found.get()),
                              O_RDONLY | O_NONBLOCK | O_NOCTTY, "open a source file");
  if (!opened) return std::nullopt;
  std::string text(*size + 1, '\0');
  const auto got = base::read_from_start(opened->get(), text, "read a source file");
  if (!got) return std::nullopt;
  text.resize(*got);
  return SourceText(std::move(text));
}

}  // namespace tidemark::proc
