#include "detail/runtime_directories.hpp"

#include <unistd.h>

#include <cstdlib>

#include "tidemark/record/mark_registry.hpp"

namespace tidemark::cli {

std::vector<std::string> own_runtime_directories() {
  const char* xdg_runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  return record::runtime_directories(xdg_runtime_dir == nullptr ? "" : xdg_runtime_dir, ::geteuid());
}

}  // namespace tidemark::cli
