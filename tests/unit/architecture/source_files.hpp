// Purpose: the project's own files, for tests that read them.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tidemark::test {

inline const std::filesystem::path source_dir = TIDEMARK_SOURCE_DIR;

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace tidemark::test
