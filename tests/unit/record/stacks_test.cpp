// Stacks in a recording: what the writer interns, the reader gives back.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "detail/stack_resolver.hpp"
#include "detail/stack_tables.hpp"
#include "stack_support.hpp"
#include "tidemark/model/recorded.hpp"
#include "tidemark/record/recorded_stacks.hpp"
#include "tidemark/record/recording_file.hpp"

using namespace tidemark;
using namespace tidemark::record;
using test::described;

namespace {

using Reading = std::shared_ptr<const model::StackReading>;

/// Writes one tick for each reading and reads them back.
class Book {
 public:
  explicit Book(FileOptions options = {}) {
    options.path = directory_.file("x.jsonl");
    options.format = Format::jsonl;
    open(options);
  }

  void open(const FileOptions& options) {
    options_ = options;
    file_.reset();
    auto opened = RecordingFile::open(options, test::some_header());
    REQUIRE(opened);
    file_ = std::move(*opened);
  }
  /// The file's bytes that the tick took.
  std::size_t add(const Reading& reading) {
    const std::size_t before = test::read_text(path()).size();
    const auto tick = test::tick_with(static_cast<std::int64_t>(++ticks_), reading);
    REQUIRE(file_->write({}, &tick));
    const std::size_t after = test::read_text(path()).size();
    return after - std::min(before, after);
  }
  void append() {
    options_.append = true;
    open(options_);
  }

  [[nodiscard]] std::string path() const { return options_.path; }

  std::vector<RecordedStacks> read(std::uint64_t lost = 0) const {
    const auto found = find_recordings({path()});
    REQUIRE(found);
    REQUIRE(found->size() == 1);
    std::vector<RecordedStacks> all;
    const auto losses = read_recorded_stacks(found->front(), [&](const RecordedStacks& one) { all.push_back(one); });
    REQUIRE(losses);
    CHECK(losses->lost == lost);
    CHECK(losses->readings == all.size());
    return all;
  }

 private:
  test::TempDirectory directory_;
  FileOptions options_;
  std::unique_ptr<RecordingFile> file_;
  std::size_t ticks_ = 0;
};

void check_same(const std::vector<RecordedStacks>& read, const std::vector<Reading>& written) {
  REQUIRE(read.size() == written.size());
  for (std::size_t at = 0; at < read.size(); ++at) CHECK(described(*read[at].reading) == described(*written[at]));
}

/// A copy with the same frames, as a reader gives it when nothing moved.
std::shared_ptr<model::StackReading> same(const Reading& reading) {
  return std::make_shared<model::StackReading>(*reading);
}

/// A reading in which everything that can be missing is missing, and names are awkward.
Reading odd_reading() {
  auto reading = test::some_reading(5, 3);
  auto& threads = reading->threads;
  reading->interpreters = {{.id = 0, .gc_running = true}, {.id = 7, .gc_running = {}}};
  threads[0].holds_gil = true;
  threads[0].is_running = true;
  threads[1].name.reset();
  threads[1].is_running.reset();
  threads[1].outer_id = 77'001;
  threads[1].interpreter_id = 7;
  threads[2].frames = nullptr;
  threads[2].failure = model::Reason::torn;
  threads[3].frames = std::make_shared<model::Frames>();
  threads[3].name = "a\"b\n\xff\\,";
  auto frames = std::make_shared<model::Frames>(*threads[4].frames);
  (*frames)[0].line.reset();
  (*frames)[1].code = nullptr;
  threads[4].frames = frames;
  threads[4].failure = model::Reason::limit;
  threads[4].native_id = 0;
  return reading;
}

struct CountingVisitor final : model::RecordingVisitor {
  std::size_t rows = 0;
  void on_format(model::RecordedFormat /*format*/) override {}
  void on_header(const model::RecordingHeader& /*header*/) override {}
  void on_process(std::uint32_t /*number*/, const model::ProcessInfo& /*process*/) override {}
  void on_row(const model::RecordedRow& /*row*/) override { ++rows; }
  void on_mark(std::int64_t /*elapsed_ns*/, const model::Mark& /*mark*/) override {}
  void on_suspend(std::int64_t /*elapsed_ns*/, const model::Suspend& /*suspend*/) override {}
  void on_end(std::int64_t /*elapsed_ns*/, const model::RecordingEnd& /*end*/) override {}
};

}  // namespace

TEST_CASE("stacks come back as they were, whatever changes between two ticks") {
  auto moved = same(test::some_reading(3, 4));
  moved->threads[1].frames = test::some_frames(4, 99);
  moved->threads[1].is_running = true;
  moved->threads[1].holds_gil = true;
  auto gc = same(moved);
  gc->interpreters[0].gc_running = true;
  auto fewer = same(gc);
  fewer->threads.erase(fewer->threads.begin());
  auto renamed = same(fewer);
  renamed->threads[0].name = "another";
  auto torn = same(renamed);
  torn->threads[1].frames = nullptr;
  torn->threads[1].failure = model::Reason::torn;
  const std::vector<Reading> written{test::some_reading(3, 4),
                                     moved,
                                     gc,
                                     fewer,
                                     renamed,
                                     torn,
                                     renamed,
                                     odd_reading(),
                                     odd_reading(),
                                     std::make_shared<model::StackReading>()};
  Book book;
  for (const auto& reading : written) book.add(reading);
  const auto read = book.read();
  check_same(read, written);
  CHECK(read[3].elapsed_ns == 4 * base::ns_per_second);
  CHECK(read[3].process.identity.pid == 1);
  CHECK(read[3].process.name == "worker");
}

TEST_CASE("an unchanged stack costs bytes") {
  const auto first = test::some_reading(16, 20);
  Book plain;
  const std::size_t row = plain.add(nullptr);
  Book book;
  const std::size_t first_bytes = book.add(first) - row;
  const std::size_t unchanged = book.add(same(first)) - row;
  auto runs = same(first);
  runs->threads[3].is_running = true;
  const std::size_t one_runs = book.add(runs) - row;
  auto moved = same(runs);
  moved->threads[3].frames = test::some_frames(20, 1234);
  const std::size_t one_moved = book.add(moved) - row;
  auto equal = same(moved);  // the same frames at other addresses, as after a reader has begun anew
  for (auto& thread : equal->threads) thread.frames = std::make_shared<model::Frames>(*thread.frames);
  const std::size_t read_anew = book.add(equal) - row;
  MESSAGE("16 threads, depth 20: row without stacks ", row, " bytes; stacks at first ", first_bytes, ", unchanged ",
          unchanged, ", one state changed ", one_runs, ", one innermost line changed ", one_moved);
  CHECK(unchanged < 16);
  CHECK(read_anew == unchanged);
  CHECK(one_runs < 64);
  CHECK(one_moved < 256);
  CHECK(first_bytes < 16 * 20 * 64);
  check_same(book.read(), {first, first, runs, moved, moved});
}

TEST_CASE("what is unchanged is the same object for a reader too") {
  const auto first = test::some_reading(2, 3);
  auto moved = same(first);
  moved->threads[1].frames = test::some_frames(3, 7);
  Book book;
  for (const auto& reading : {Reading(first), Reading(first), Reading(moved)}) book.add(reading);
  const auto read = book.read();
  REQUIRE(read.size() == 3);
  CHECK(read[0].reading == read[1].reading);
  CHECK(read[1].reading->threads[0].frames == read[2].reading->threads[0].frames);
  CHECK(read[1].reading->threads[1].frames != read[2].reading->threads[1].frames);
}

TEST_CASE("each file of a rotated set reads by itself") {
  Book book({.path = {}, .rotate_bytes = 8'000, .keep = 0});
  const auto reading = test::some_reading(4, 6);
  std::vector<Reading> written;
  for (int tick = 0; tick < 40; ++tick) {
    auto next = same(reading);
    next->threads[0].frames = test::some_frames(6, tick / 4);
    written.push_back(next);
    book.add(next);
  }
  const auto set = find_recordings({book.path()});
  REQUIRE(set);
  REQUIRE(set->front().paths.size() > 2);
  check_same(book.read(), written);
  std::size_t together = 0;
  for (const auto& path : set->front().paths) {
    const RecordingFiles alone{.name = path, .paths = {path}, .format = model::RecordedFormat::jsonl, .twins = {}};
    const auto losses = read_recorded_stacks(alone, [&](const RecordedStacks& /*one*/) { ++together; });
    REQUIRE(losses);
    CHECK(losses->lost == 0);
  }
  CHECK(together == written.size());
}

TEST_CASE("an appended run begins its tables anew") {
  Book book;
  const auto reading = test::some_reading(2, 3);
  book.add(reading);
  book.append();
  book.add(reading);
  check_same(book.read(), {reading, reading});
}

TEST_CASE("full tables are begun anew, and what alone is too much says limit") {
  detail::StackTables tables({.string_bytes = 4096, .threads = 8, .frames = 40});
  detail::StackResolver resolver;
  std::size_t restarts = 0;
  const auto round = [&](std::int64_t number, const Reading& reading) {
    const auto tick = test::tick_with(number, reading);
    std::string lines;
    const auto value = tables.append(lines, tick, tick.samples[0]);
    for (const auto& line : test::lines_of(lines)) {
      const auto json = nlohmann::json::parse(line);
      restarts += json.contains("restart") ? 1 : 0;
      CHECK(resolver.take_tables(json));
    }
    const auto read = resolver.resolve("1", nlohmann::json::parse(value));
    REQUIRE(read);
    return read;
  };
  for (std::int64_t number = 0; number < 100; ++number) {
    auto reading = test::some_reading(2, 4);
    reading->threads[0].frames = test::some_frames(5, number);
    CHECK(described(*round(number, reading)) == described(*reading));
  }
  CHECK(restarts > 1);
  CHECK(restarts < 20);

  const auto deep = test::some_reading(2, 41);
  const auto read = round(100, deep);
  REQUIRE(read->threads.size() == 2);
  CHECK(read->threads[1].native_id == deep->threads[1].native_id);
  CHECK(read->threads[1].frames == nullptr);
  CHECK(read->threads[1].failure == model::Reason::limit);
  const auto crowd = test::some_reading(12, 1);
  CHECK(round(101, crowd)->threads.size() == 12);
  const auto small = test::some_reading(1, 2);
  CHECK(described(*round(102, small)) == described(*small));
}

TEST_CASE("a process that comes again under its pid has no past") {
  JsonlEncoder encoder(test::some_header());
  const auto reading = test::some_reading(1, 2);
  auto tick = test::tick_with(1, reading);
  std::string out;
  encoder.append_tick(out, tick);
  encoder.append_event(out, {.wall_ns = tick.wall_ns,
                             .elapsed_ns = tick.elapsed_ns,
                             .what = model::ProcessExit{.last = std::make_shared<model::ProcessSample>(tick.samples[0]),
                                                        .last_seen_elapsed_ns = 0,
                                                        .wait_status = {}}});
  std::string again;
  encoder.append_tick(again, tick);
  const auto lines = test::lines_of(again);
  REQUIRE(lines.size() == 1);  // its strings and frames are known
  CHECK(nlohmann::json::parse(lines[0])["stacks"].is_object());
}

TEST_CASE("the other readers pass over what stacks add, and count nothing lost") {
  Book book;
  for (int tick = 0; tick < 5; ++tick) book.add(test::some_reading(3, static_cast<std::size_t>(tick) + 2));
  const auto found = find_recordings({book.path()});
  REQUIRE(found);
  CountingVisitor visitor;
  const auto losses = read_recording(found->front(), visitor);
  REQUIRE(losses);
  CHECK(visitor.rows == 5);
  CHECK(losses->lost_rows == 0);
  CHECK(losses->bad_cells == 0);
  const auto last = read_last_row(book.path(), Format::jsonl);
  REQUIRE(last);
  REQUIRE(*last);
  CHECK((*last)->elapsed_ns == 5 * base::ns_per_second);
}

TEST_CASE("a recording without stacks has no word of them; a CSV never has") {
  Book book;
  book.add(nullptr);
  CHECK(test::read_text(book.path()).find("\"stacks\"") == std::string::npos);
  CHECK(book.read().empty());
  CsvEncoder csv;
  std::string with;
  std::string without;
  csv.append_tick(with, test::tick_with(1, test::some_reading(1, 1)));
  csv.append_tick(without, test::tick_with(1, nullptr));
  CHECK(with == without);
  CHECK_FALSE(read_recorded_stacks({.name = "x.csv", .paths = {}, .format = model::RecordedFormat::csv, .twins = {}},
                                   [](const RecordedStacks& /*one*/) {}));
}

TEST_CASE("tables and samples that make no sense are refused and crash nothing") {
  const auto tables = [](const char* text) { return nlohmann::json::parse(text); };
  detail::StackResolver resolver;
  REQUIRE(resolver.take_tables(
      tables(R"({"first_string":0,"strings":["f","a.py"],"first_thread":0,"threads":[[0,5,null,6,null]],)"
             R"("first_frame":0,"frames":[[null,0,1,3],[0,0,1,null]]})")));
  for (const char* bad : {
           R"({"first_string":7,"strings":["x"]})",
           R"({"strings":["x"]})",
           R"({"first_string":2,"strings":3})",
           R"({"first_string":2,"strings":[3]})",
           R"({"first_frame":2,"frames":[[2,0,1,1]]})",
           R"({"first_frame":2,"frames":[[0,9,1,1]]})",
           R"({"first_frame":2,"frames":[[0,0,1,"x"]]})",
           R"({"first_frame":2,"frames":[[0,0,1]]})",
           R"({"first_frame":2,"frames":[[-1,0,1,1]]})",
           R"({"first_thread":1,"threads":[[0,5,null,-6,null]]})",
           R"({"first_thread":1,"threads":[{}]})",
           R"({"first_thread":1,"threads":[[0,5,null,6,2]]})",
       }) {
    CAPTURE(bad);
    CHECK_FALSE(resolver.take_tables(tables(bad)));
  }
  const auto good = resolver.resolve("p", tables(R"({"id":4,"interpreters":[[0,1]],"threads":[[0,1,"GR"]]})"));
  REQUIRE(good);
  CHECK(described(*good) == "interpreter 0 gc\n0 5 - 6 - gil running\n  f a.py:-\n  f a.py:3\n");
  for (const char* bad : {
           "3",
           "-1",
           "\"4\"",
           "[]",
           "null",
           "{}",
           R"({"id":5})",
           R"({"id":"5","threads":[]})",
           R"({"id":5,"threads":[[0,2,""]]})",
           R"({"id":5,"threads":[[1,0,""]]})",
           R"({"id":5,"threads":[[0,0]]})",
           R"({"id":5,"threads":[[0,0,7]]})",
           R"({"id":5,"threads":[[0,[1],""]]})",
           R"({"id":5,"threads":[7]})",
           R"({"id":5,"from":3,"threads":[]})",
           R"({"id":5,"from":4,"threads":[[null,0,""]]})",
           R"({"id":5,"interpreters":[[0]],"threads":[]})",
           R"({"id":5,"interpreters":4,"threads":[]})",
       }) {
    CAPTURE(bad);
    CHECK(resolver.resolve("p", tables(bad)) == nullptr);
  }
  CHECK(resolver.resolve("p", tables("4")) == good);
  CHECK(resolver.resolve("q", tables("4")) == nullptr);
}

TEST_CASE("one line cannot unfold to more memory than there is") {
  detail::StackResolver resolver;
  nlohmann::json frames = nlohmann::json::array();
  constexpr std::size_t depth = 100'000;
  for (std::size_t at = 0; at < depth; ++at) {
    frames.push_back({at == 0 ? nlohmann::json(nullptr) : nlohmann::json(at - 1), 0, 0, 1});
  }
  nlohmann::json rows = nlohmann::json::array();
  for (std::size_t at = 0; at < 1000; ++at) rows.push_back({nullptr, depth - 1 - at, ""});
  const auto as_read = [](const nlohmann::json& line) { return nlohmann::json::parse(line.dump()); };
  REQUIRE(
      resolver.take_tables(as_read({{"first_string", 0}, {"strings", {"f"}}, {"first_frame", 0}, {"frames", frames}})));
  const auto read = resolver.resolve("p", as_read({{"id", 0}, {"threads", rows}}));
  REQUIRE(read);
  std::size_t unfolded = 0;
  for (const auto& thread : read->threads) unfolded += thread.frames ? thread.frames->size() : 0;
  CHECK(unfolded <= detail::max_unfolded_frames);
  CHECK(read->threads.front().frames->size() == depth);
  CHECK(read->threads.back().failure == model::Reason::limit);
}
