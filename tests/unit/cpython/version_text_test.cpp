#include "locate/version_text.hpp"

#include <doctest/doctest.h>

#include <string>

using tidemark::cpython::find_version;

namespace {

/// "3.9.18 level serial", or nothing.
std::string found(const std::string& bytes) {
  const auto version = find_version(bytes);
  if (!version) return "";
  return std::to_string(version->major) + "." + std::to_string(version->minor) + "." + std::to_string(version->micro) +
         " " + std::to_string(version->release_level) + " " + std::to_string(version->serial);
}

}  // namespace

TEST_CASE("what real interpreters call themselves") {
  CHECK(found("3.8.18 (default, May  9 2026, 07:33:04) \n[GCC 12.2.0]") == "3.8.18 15 0");
  CHECK(found("3.10.13 (main, May  9 2026, 07:34:36) [GCC 12.2.0]") == "3.10.13 15 0");
  CHECK(found("3.10.0rc2 (tags/v3.10.0rc2:7c1c1a, Sep  8 2021, 00:00:00) [GCC 12.2.0]") == "3.10.0 12 2");
  CHECK(found("3.9.2+ (heads/3.9-dirty:1234567, Feb 28 2021, 17:03:44) \n[GCC 10.2.1 20210110]") == "3.9.2 15 0");
}

TEST_CASE("it is found among other bytes, and other bytes are not taken for it") {
  const std::string version = "3.9.18 (main, May  9 2026, 07:33:49) \n[GCC 12.2.0]";
  CHECK(found(std::string(5000, '\0') + "3.9\n3.7.1 (" + std::string(3, '\0') + version) == "3.9.18 15 0");
  for (std::size_t size = 0; size < version.find('[') + 1; ++size) CHECK(found(version.substr(0, size)).empty());
  CHECK(found("3.9.18").empty());
  CHECK(found("3.9.18 (main) GCC").empty());
  CHECK(found("3.9 (main) [GCC]").empty());
  CHECK(found("3.9.1rc (main) [GCC]").empty());
  CHECK(found("2.7.18 (main) \n[GCC]").empty());
  CHECK(found("3.9.18 (" + std::string(81, 'x') + ") [GCC]").empty());
  CHECK(found(std::string("3.9.18 (a\0b) [GCC]", 18)).empty());
}
