// libFuzzer: all readers of target memory on edited images of live interpreters. TIDEMARK_FUZZ_IMAGES names the
// directory of the images, which record_images.py makes.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "edited_memory.hpp"
#include "interpreter_image.hpp"
#include "mutator.hpp"
#include "read_everything.hpp"

namespace {

using namespace tidemark;
using namespace tidemark::fuzz;

constexpr int readings = 3;
/// Reads of one input. What reads more without end has found a cycle that has no cap.
constexpr std::uint64_t max_reads = 5'000'000;

struct Loaded {
  InterpreterImage image;
  Words words;
};

std::vector<Loaded> load_all() {
  const char* directory = std::getenv("TIDEMARK_FUZZ_IMAGES");
  auto images = load_interpreters(directory == nullptr ? "." : directory);
  if (!images || images->empty()) {
    const std::string why = images ? "no image there" : base::describe(images.error());
    std::fprintf(stderr, "TIDEMARK_FUZZ_IMAGES=%s: %s\n", directory == nullptr ? "" : directory, why.c_str());
    std::exit(1);
  }
  std::vector<Loaded> all;
  for (auto& image : *images) {
    Words words(*image.memory);
    all.push_back({.image = std::move(image), .words = std::move(words)});
  }
  return all;
}

Loaded& chosen(const Input& input) {
  static std::vector<Loaded> all = load_all();
  return all[input.image % all.size()];
}

/// As Interpreter::open chooses it, out of the edited image: the offsets that the process states are hostile too.
cpython::Layout layout_for(const Input& input, const Loaded& loaded, const memory::MemorySource& memory) {
  if (input.layout > 1) {
    const auto tables = cpython::layouts();
    return *tables[input.layout % tables.size()];
  }
  const cpython::Layout& table = *loaded.image.table;
  std::array<std::byte, cpython::debug_offsets_bytes> start;
  if (input.layout == 1 || !memory.read(loaded.image.place.runtime, start)) return table;
  const auto offsets = cpython::parse_debug_offsets(start);
  if (!offsets) return table;
  auto stated = cpython::with_debug_offsets(table, *offsets);
  return stated ? *stated : table;
}

void require_bounded(const EditedMemory& memory) {
  if (memory.reads() <= max_reads) return;
  std::fprintf(stderr, "%llu reads of %llu bytes\n", static_cast<unsigned long long>(memory.reads()),
               static_cast<unsigned long long>(memory.bytes()));
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input = decode_input({data, size});
  Loaded& loaded = chosen(input);
  const EditedMemory memory(*loaded.image.memory, loaded.words, input.edits);
  const cpython::Layout layout = layout_for(input, loaded, memory);
  EverythingReader reader(memory, layout, loaded.image.place, loaded.image.main_thread);
  for (int i = 0; i < readings; ++i) reader.read();
  require_bounded(memory);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  return mutate_bytes({data, size}, chosen(decode_input({data, size})).words, seed, {data, max_size});
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size,
                                                 const std::uint8_t* second, std::size_t second_size, std::uint8_t* out,
                                                 std::size_t max_size, unsigned seed) {
  return cross_bytes({first, first_size}, {second, second_size}, seed, {out, max_size});
}
