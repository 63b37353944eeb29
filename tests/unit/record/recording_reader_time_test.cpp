#include <doctest/doctest.h>

#include "recording_reader_support.hpp"

using namespace tidemark;
using namespace tidemark::record;
using base::ErrorCode;
using test::Notebook;

namespace {
constexpr std::int64_t second = base::ns_per_second;
}  // namespace

TEST_CASE("time that runs back is refused: two recordings were put together") {
  const test::TempDirectory directory;
  const auto error = test::error_of(directory, test::psutil_header + "t,5,a,1,,,\nt,120.5,a,1,,,\nt,0,a,1,,,\n");
  CHECK(error.code == ErrorCode::malformed);
  CHECK(error.path == directory.file("refused.csv"));
  CHECK(error.detail ==
        "line 4: elapsed_seconds goes back from 120.500 to 0.000: two recordings were put together, read each by its "
        "own");
  JsonlEncoder encoder(test::some_header());
  std::string late, early;
  encoder.append_tick(late, test::some_tick());
  encoder.append_tick(early, test::numbered_tick(1, 1));
  CHECK(test::error_of(directory, encoder.header_line() + late + early).detail.starts_with("line 4: elapsed_seconds"));
}

TEST_CASE("a small step back of a psutil-style recorder's clock is no second recording") {
  const test::TempDirectory directory;
  test::write_text(directory.file("x.csv"),
                   test::psutil_header + "t,5,a,1,,,\nt,4.5,a,1,,,\nt,4.5,a,1,,,\nt,6,a,1,,,\n");
  Notebook notebook;
  CHECK(test::read_all(directory.file("x.csv"), notebook).rows == 4);
  CHECK(notebook.rows[1].row.elapsed_ns == 5 * second);
  CHECK(notebook.rows[2].row.elapsed_ns == 5 * second);
  CHECK(notebook.rows[3].row.elapsed_ns == 6 * second);
}
