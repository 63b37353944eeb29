// libFuzzer: the ledger and the census of processes made by hand (tests/unit/heap/fake_heap.hpp, fake_census.hpp),
// edited while they are read. Both end, and their rows add up.
#define DOCTEST_CONFIG_IMPLEMENT  // what the processes are made with asks for it
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>

#include "edited_memory.hpp"
#include "heap/fake_census.hpp"
#include "mutator.hpp"

namespace {

using namespace tidemark;
using namespace tidemark::fuzz;
using heap::test::CensusHeap;
using heap::test::FakeHeap;
using heap::test::HeapShape;

constexpr std::uint64_t max_reads = 5'000'000;

struct Loaded {
  explicit Loaded(const HeapShape& shape) : made(shape), words(make_dicts(made).heap.space.image()) {}
  /// Some, with keys of their own, that the collector has.
  static CensusHeap& make_dicts(CensusHeap& made) {
    constexpr std::uint32_t of_64 = 3;
    const auto pool = made.add_pool(of_64, 3);
    (void)made.dict_keys(CensusHeap::keys, 1);
    std::vector<std::uint64_t> dicts;
    for (std::uint64_t i = 0; i < 3; ++i) {
      dicts.push_back(CensusHeap::block(pool, of_64, i) + heap::places::gc_head);
      made.dict(dicts.back(), CensusHeap::keys);
    }
    made.link_list(made.generation(0), dicts);
    return made;
  }
  CensusHeap made;
  FakeHeap& process = made.heap;
  Words words;
};

[[noreturn]] void fail(const char* what, std::uint64_t number = 0) {
  std::fprintf(stderr, "broken promise: %s (%llu)\n", what, static_cast<unsigned long long>(number));
  std::abort();
}

std::vector<std::unique_ptr<Loaded>> make_all() {
  static doctest::Context context;
  context.setAsDefaultForAssertsOutOfTestCases();
  context.setAssertHandler([](const doctest::AssertData& assertion) {
    if (assertion.m_failed) fail("a process cannot be made");
  });
  namespace test = heap::test;
  const std::vector<HeapShape> shapes{
      {.malloc = test::glibc_2_31, .minor = 9, .pool_bytes = 4 << 10, .arena_bytes = 256 << 10},
      {.malloc = test::glibc_2_36, .minor = 11},
      {.malloc = test::glibc_2_36, .minor = 13, .has_more_main = true},
      {.malloc = test::glibc_2_43, .minor = 14}};
  std::vector<std::unique_ptr<Loaded>> all;
  for (const auto& shape : shapes) all.push_back(std::make_unique<Loaded>(shape));
  return all;
}

Loaded& chosen(const Input& input) {
  static const auto all = make_all();
  return *all[input.image % all.size()];
}

void check_ledger(const model::HeapLedger& ledger, const heap::Moment& moment) {
  if (heap::test::rows_of(ledger) != heap::test::flags_of(moment.space())) fail("the rows do not add up");
  if (!model::books_of(ledger).balance()) fail("the books do not balance");
}

void check_census(const model::Census& census, std::size_t samples) {
  std::uint64_t objects = 0;
  for (const auto& row : census.types) objects += row.count;
  if (objects != census.summary.total_objects) fail("the types are not the summary", objects);
  if (objects > census.coverage.blocks) fail("more objects than blocks", objects);
  for (const auto& focus : census.focuses) {
    std::uint64_t sized = 0, placed = 0;
    for (const auto& size : focus.sizes) sized += size.count;
    for (const auto place : focus.places) placed += place;
    if (sized == 0 || sized != placed) fail("the places are not the histogram", placed);
    if (focus.samples.size() != std::min<std::uint64_t>(samples, sized)) fail("samples are missing");
  }
}

void read_one(Loaded& loaded, const Input& input) {
  const heap::Moment moment(loaded.process.space.space());
  const auto tables = cpython::layouts();
  auto fitting = loaded.process.place();
  const heap::PythonPlace place{.layout = input.layout > 1 ? *tables[input.layout % tables.size()] : fitting.layout,
                                .place = fitting.place,
                                .module_path = fitting.module_path,
                                .version = fitting.version};
  const std::vector<base::Tid> threads{FakeHeap::tid};
  {
    const EditedMemory memory(loaded.process.space.image(), loaded.words, input.edits);
    check_ledger(heap::read_ledger({.memory = memory, .moment = moment, .python = place, .thread_ids = threads}),
                 moment);
    if (memory.reads() > max_reads) fail("reads of a ledger without end", memory.reads());
  }
  constexpr std::array focuses{"dict", "list", "str"};
  constexpr std::size_t samples = 4;
  const EditedMemory memory(loaded.process.space.image(), loaded.words, input.edits);
  check_census(heap::read_census({.memory = memory,
                                  .moment = moment,
                                  .python = place,
                                  .thread_ids = threads,
                                  .budget_ns = INT64_MAX,
                                  .focus = focuses.at(input.edits.size() % focuses.size()),
                                  .samples = samples}),
               samples);
  if (memory.reads() > max_reads) fail("reads of a census without end", memory.reads());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input = decode_input({data, size});
  read_one(chosen(input), input);
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
