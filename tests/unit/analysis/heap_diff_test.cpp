#include "tidemark/analysis/heap_diff.hpp"

#include <doctest/doctest.h>

#include "heap_examples.hpp"

using namespace tidemark;
using namespace tidemark::analysis;
namespace examples = tidemark::heap_examples;

namespace {

model::HeapProcess named(base::Pid pid, std::uint64_t start, std::string name) {
  model::HeapProcess process;
  process.identity = {.pid = pid, .start_ticks = start};
  process.name = std::move(name);
  return process;
}

}  // namespace

TEST_CASE("heap difference: rows of either side, the largest change first, adding up to RSS") {
  const auto before = examples::racing().processes[0].ledger;
  const auto after = examples::grown().processes[0].ledger;
  const auto diff = difference_of(before, after);
  CHECK(diff.adds_up());
  CHECK(diff.rows.size() == before.rows.size() + 1);
  CHECK(diff.rows[0].detail == "dict");
  CHECK(diff.rows[0].change.bytes() == 20 * static_cast<std::int64_t>(examples::mb));
  CHECK(diff.rows[2].change.bytes() == -6 * static_cast<std::int64_t>(examples::mb));
  CHECK(diff.row_change() == 25 * static_cast<std::int64_t>(examples::mb));
  CHECK(diff.bound_bytes == 4 * examples::mb);
}

TEST_CASE("heap difference: what a full list may have left out is not taken for new or gone") {
  auto before = examples::racing().processes[0].ledger;
  auto after = before;
  before.malloc.native_sizes.clear();
  after.malloc.native_sizes.clear();
  for (model::Bytes size = 1; size <= model::max_native_sizes; ++size) {
    before.malloc.native_sizes.push_back({.chunk_bytes = size * 16, .count = 1, .total_bytes = size * 16});
  }
  after.malloc.native_sizes = {{.chunk_bytes = 16, .count = 2, .total_bytes = 32},
                               {.chunk_bytes = 4096, .count = 1, .total_bytes = 4096}};
  const auto diff = difference_of(before, after);
  CHECK(diff.sizes_not_compared == 1);  // 4096: perhaps there before, below the 20 largest
  CHECK(diff.sizes.size() == model::max_native_sizes);
  CHECK(diff.types_not_compared == 0);
}

TEST_CASE("processes match by identity, else by a name that is the only one on both sides") {
  const std::vector before{named(1, 10, "master"), named(2, 20, "worker"), named(3, 30, "beat"), named(9, 1, "old")};
  const std::vector after{named(1, 10, "master"), named(2, 99, "worker"), named(4, 40, "beat"), named(5, 50, "new")};
  const auto matches = match_processes(before, after);
  REQUIRE(matches.pairs.size() == 3);
  CHECK_FALSE(matches.pairs[0].by_name);
  CHECK(matches.pairs[1].by_name);  // the pid came again: another process
  CHECK(matches.pairs[2].before->identity.pid == 3);
  REQUIRE(matches.only_after.size() == 1);
  CHECK(matches.only_after[0]->name == "new");
  REQUIRE(matches.only_before.size() == 1);
  CHECK(matches.only_before[0]->name == "old");
}

TEST_CASE("two of a name are not guessed at; a process without a ledger is in no list") {
  std::vector before{named(1, 1, "worker"), named(2, 2, "worker")};
  std::vector after{named(1, 1, "worker"), named(3, 3, "worker")};
  const auto matches = match_processes(before, after);
  CHECK(matches.pairs.size() == 1);
  CHECK(matches.only_before.size() == 1);
  CHECK(matches.only_after.size() == 1);
  after[1].failure = "gone";
  CHECK(match_processes(before, after).only_after.empty());
}

TEST_CASE("one that runs another program now is itself, and no name takes it away") {
  const std::vector before{named(1, 1, "sh")};
  const std::vector after{named(2, 2, "sh"), named(1, 1, "python")};
  const auto matches = match_processes(before, after);
  REQUIRE(matches.pairs.size() == 1);
  CHECK(matches.pairs[0].after->identity.pid == 1);
  CHECK(matches.only_after.size() == 1);
}
