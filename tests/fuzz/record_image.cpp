// Records what the readers read of a live interpreter: record_image PID FILE. See interpreter_image.hpp.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "interpreter_image.hpp"

int main(int count, char** words) {
  if (count != 3) {
    std::fprintf(stderr, "usage: %s PID FILE\n", words[0]);
    return 2;
  }
  auto image = tidemark::fuzz::record_interpreter(std::atoi(words[1]));
  const auto written = image ? tidemark::memory::write_image(words[2], *image) : tidemark::base::fail(image.error());
  if (written) return 0;
  std::fprintf(stderr, "%s: %s\n", words[0], tidemark::base::describe(written.error()).c_str());
  return 1;
}
