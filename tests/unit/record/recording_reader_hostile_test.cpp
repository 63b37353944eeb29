// Bytes changed at random: whatever a file holds, reading ends, and its lines are rows, lost, or lines of events.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "recording_reader_support.hpp"
#include "sanitized.hpp"

using namespace tidemark;
using namespace tidemark::record;
using test::Notebook;

namespace {

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t bound) {
  return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
}

/// One to four changes: a byte flipped, a stretch cut out, bytes put in, a stretch repeated.
void mutate(std::string& text, Random& random) {
  constexpr std::string_view awkward("\"\n,\0\r{}[]:\\-.eE9\xff", 18);
  const std::size_t changes = 1 + below(random, 4);
  for (std::size_t i = 0; i < changes && !text.empty(); ++i) {
    const std::size_t at = below(random, text.size());
    const std::size_t length = 1 + below(random, 200);
    switch (below(random, 5)) {
      case 0:
        text[at] = static_cast<char>(below(random, 256));
        break;
      case 1:
        text[at] = awkward[below(random, awkward.size())];
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(at, std::string(length, awkward[below(random, awkward.size())]));
        break;
      default:
        text.insert(at, text.substr(below(random, text.size()), length));
    }
  }
}

std::string some_recording(Encoder& encoder) {
  std::string text = encoder.header_line();
  for (std::int64_t i = 0; i < 6; ++i) {
    auto tick = test::numbered_tick(i, 3);
    tick.samples[1] = test::empty_sample();
    tick.phase = i > 2 ? "load, then idle" : "";
    encoder.append_event(text, {.wall_ns = tick.wall_ns, .elapsed_ns = tick.elapsed_ns, .what = model::Mark{"m", {}}});
    encoder.append_tick(text, tick);
  }
  return text;
}

/// Reads a changed recording; true when it could be read. A carriage return alone also ends a row of a CSV, so that a
/// line with one may be two.
bool read_changed(const std::string& path, const std::string& text, bool is_csv) {
  const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  const auto found = find_recordings({path});
  if (!found) {
    CHECK(!base::describe(found.error()).empty());
    return false;
  }
  Notebook notebook;
  const auto losses = read_recording(found->front(), notebook);
  if (!losses) {
    CHECK(losses.error().code == base::ErrorCode::malformed);
    CHECK(!losses.error().detail.empty());
    return false;
  }
  CHECK(losses->rows == notebook.rows.size());
  CHECK(losses->first.size() == std::min<std::uint64_t>(losses->lost_rows, 20));
  for (const auto& lost : losses->first) {
    CHECK(lost.line >= 1);
    CHECK(lost.line <= lines);
  }
  if (is_csv && found->front().format == model::RecordedFormat::csv) {
    const bool has_return = text.find('\r') != std::string::npos;
    CHECK((has_return || losses->rows + losses->lost_rows + 1 == lines));
    CHECK(losses->rows + losses->lost_rows + 1 >= lines);
  } else if (!is_csv) {
    CHECK(losses->rows + losses->lost_rows <= lines);
  }
  return true;
}

}  // namespace

TEST_CASE("a recording changed at random is read or refused, and its lines add up") {
  const test::TempDirectory directory;
  Random random(20261121);
  for (const Format format : {Format::csv, Format::jsonl}) {
    const auto encoder = make_encoder(format, test::some_header());
    const std::string whole = some_recording(*encoder);
    const std::string path = directory.file(format == Format::csv ? "x.csv" : "x.jsonl");
    int readable = 0;
    constexpr int trials = is_sanitized ? 400 : 2000;
    for (int i = 0; i < trials; ++i) {
      CAPTURE(i);
      std::string text = whole;
      mutate(text, random);
      test::write_text(path, text);
      readable += read_changed(path, text, format == Format::csv) ? 1 : 0;
    }
    CHECK(readable > trials / 4);
    CHECK(readable < trials);
  }
}
