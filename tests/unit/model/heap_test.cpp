#include "tidemark/model/heap.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "heap_examples.hpp"

using namespace tidemark::model;
namespace examples = tidemark::heap_examples;

TEST_CASE("owners: every one has a word of its own that finds it again, and stands in the user's page") {
  std::ifstream file(TIDEMARK_SOURCE_DIR "/docs/heap.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  std::set<std::string_view> words;
  for (int at = 0; at < heap_owner_count; ++at) {
    const auto owner = static_cast<HeapOwner>(at);
    CHECK(words.insert(word_of(owner)).second);
    CHECK(find_heap_owner(word_of(owner)) == owner);
    CHECK_MESSAGE(page.find("`" + std::string(word_of(owner)) + "`") != std::string::npos, word_of(owner));
  }
  CHECK_FALSE(find_heap_owner(""));
  CHECK_FALSE(find_heap_owner("malloc.free"));
}

TEST_CASE("books: each invariant by itself") {
  for (const auto& reading : {examples::exact(), examples::racing(), examples::bare(), examples::hostile()}) {
    CHECK(books_of(reading.processes[0].ledger).balance());
  }
  auto ledger = examples::exact().processes[0].ledger;
  ledger.rows[0].bytes += 1;
  CHECK_FALSE(books_of(ledger).rows_add_up);
  ledger = examples::racing().processes[0].ledger;
  ledger.moved_bytes += 1;
  CHECK_FALSE(books_of(ledger).reaches_rss);
  ledger.consistency = "stopped";
  CHECK_FALSE(books_of(ledger).is_exact);
  ledger.rows[3] = ledger.rows[4];
  CHECK_FALSE(books_of(ledger).rows_are_distinct);
  ledger = {};
  CHECK(books_of(ledger).balance());
  ledger.moved_bytes = INT64_MIN;  // of a hostile file: no overflow
  CHECK_FALSE(books_of(ledger).balance());
}

TEST_CASE("malloc's figures are sums over its arenas") {
  const auto malloc = examples::exact().processes[0].ledger.malloc;
  CHECK(malloc.system_bytes() == 132 * examples::mb);
  CHECK(malloc.trim_bytes() == 30 * examples::mb);
  CHECK(malloc.free_bytes() == 40 * examples::mb + 224 * examples::kb);
}
