#include <iostream>
#include <string>
#include <vector>

#include "tidemark/cli/command.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  tidemark::cli::Streams streams{std::cout, std::cerr};
  return tidemark::cli::run(arguments, streams);
}
