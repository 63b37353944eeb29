#include "version_text.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "segment_copy.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

/// Py_GetVersion: "%.80s (%.80s) %.80s".
constexpr std::size_t max_part_characters = 80;

/// Takes a text apart from its beginning; each step gives false and takes nothing when the text goes on otherwise.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool skip(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }
  bool number(unsigned& into) {
    const char* end = text_.data() + std::min<std::size_t>(text_.size(), 3);
    const auto [rest, error] = std::from_chars(text_.data(), end, into);
    if (error != std::errc()) return false;
    text_.remove_prefix(static_cast<std::size_t>(rest - text_.data()));
    return true;
  }
  /// All up to and with `end`, none of it a NUL.
  bool skip_through(char end) {
    const std::size_t at = text_.substr(0, max_part_characters + 1).find_first_of(std::string_view{&end, 1});
    if (at == std::string_view::npos || text_.substr(0, at).find('\0') != std::string_view::npos) return false;
    text_.remove_prefix(at + 1);
    return true;
  }

 private:
  std::string_view text_;
};

bool scan_release(Scanner& scanner, Version& version) {
  constexpr unsigned alpha = 0xa, beta = 0xb, candidate = 0xc;
  version.release_level = scanner.skip("a") ? alpha : scanner.skip("b") ? beta : scanner.skip("rc") ? candidate : 0xf;
  return version.release_level == 0xf || scanner.number(version.serial);
}

std::optional<Version> version_at(std::string_view text) {
  Version version{.major = 3};
  Scanner scanner(text);
  if (!scanner.skip("3.") || !scanner.number(version.minor)) return std::nullopt;
  if (!scanner.skip(".") || !scanner.number(version.micro) || !scan_release(scanner, version)) return std::nullopt;
  scanner.skip("+");  // built from a checkout
  if (!scanner.skip(" (") || !scanner.skip_through(')')) return std::nullopt;
  if (!scanner.skip(" ")) return std::nullopt;
  scanner.skip("\n");  // to 3.9
  if (!scanner.skip("[")) return std::nullopt;
  return version;
}

}  // namespace

std::optional<Version> find_version(std::string_view bytes) {
  for (std::size_t at = bytes.find("3."); at != std::string_view::npos; at = bytes.find("3.", at + 1)) {
    if (const auto version = version_at(bytes.substr(at))) return version;
  }
  return std::nullopt;
}

std::optional<Version> find_version(const Module& module, const memory::MemorySource& memory) {
  for (const auto& segment : module.segments) {
    if (!segment.writable || segment.memory_bytes <= segment.file_bytes) continue;
    const Address start = Address{segment.address + segment.file_bytes}.plus(module.bias);
    const std::size_t size = std::min<std::uint64_t>(segment.memory_bytes - segment.file_bytes, max_zero_filled_bytes);
    if (const auto version = find_version(copy_of(start, size, memory))) return version;
  }
  return std::nullopt;
}

}  // namespace tidemark::cpython
