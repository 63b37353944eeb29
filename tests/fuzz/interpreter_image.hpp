// Purpose: a live interpreter as an image in a file, and back: what must be known besides the memory is in its facts.
// Shared by the program that records images and by the fuzzers that read them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/cpython/snapshot_reader.hpp"
#include "tidemark/memory/image_file.hpp"
#include "tidemark/memory/image_memory.hpp"

namespace tidemark::fuzz {

/// An image as the fuzzers use it.
struct InterpreterImage {
  std::string name;
  std::unique_ptr<memory::ImageMemory> memory;
  const cpython::Layout* table = nullptr;
  cpython::RuntimePlace place;
  base::Tid main_thread = 0;
};

/// Reads the interpreter of a live process with every reader that the fuzzers run, and gives what they read.
[[nodiscard]] base::Result<memory::RecordedImage> record_interpreter(base::Pid pid);

/// Errors: `malformed` when a fact is missing, `unsupported` when there is no table for its version; those of
/// memory::read_image.
[[nodiscard]] base::Result<InterpreterImage> load_interpreter(const std::string& path);

/// All images of a directory, by name. The first one that cannot be loaded is the error.
[[nodiscard]] base::Result<std::vector<InterpreterImage>> load_interpreters(const std::string& directory);

}  // namespace tidemark::fuzz
