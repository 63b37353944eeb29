// What is on disk when writing ends badly: at a size limit, on a full disk, by SIGKILL. Each case runs in a forked
// child, because limits, mounts and kills are a process's own.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <map>
#include <random>

#include "sanitized.hpp"
#include "support.hpp"
#include "tidemark/record/csv_reader.hpp"
#include "tidemark/record/recording_file.hpp"
#include "tidemark/record/rotated_set.hpp"

using namespace tidemark;
using namespace tidemark::record;

namespace {

constexpr std::size_t tick_rows = 50;

/// A number that a forked child and its parent both see.
class SharedNumber {
 public:
  SharedNumber()
      : page_(::mmap(nullptr, sizeof(Number), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        number_(new(page_) Number(0)) {}
  SharedNumber(const SharedNumber&) = delete;
  SharedNumber& operator=(const SharedNumber&) = delete;
  ~SharedNumber() { ::munmap(page_, sizeof(Number)); }
  void set(std::int64_t value) { number_->store(value); }
  [[nodiscard]] std::int64_t get() const { return number_->load(); }

 private:
  using Number = std::atomic<std::int64_t>;
  void* page_;
  Number* number_;
};

template <class Body>
pid_t start_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

bool set_file_limit(rlim_t bytes) {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
  limit.rlim_cur = bytes;
  return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

/// Rows that the reader finds, or -1 when the file does not load or has a row that is not whole.
std::int64_t rows_in(const std::string& path) {
  auto reader = CsvReader::open(path);
  if (!reader) return -1;
  CsvRow row;
  while (true) {
    const auto more = reader->next(row);
    if (!more) return -1;
    if (!*more) break;
  }
  const bool clean = reader->losses().torn_tail_bytes == 0 && reader->losses().wrong_width_rows == 0;
  return clean ? static_cast<std::int64_t>(reader->rows()) : -1;
}

/// A recording of a small tick that is there when the limit comes, and a tick of 50 rows that meets it.
struct LimitTrial {
  explicit LimitTrial(const FileOptions& chosen) : options(chosen) {
    const auto encoder = make_encoder(options.format, test::some_header());
    before = encoder->header_line();
    encoder->append_tick(before, small);
    whole = before;
    encoder->append_tick(whole, large);
  }

  FileOptions options;
  model::Tick small = test::numbered_tick(1, 3);
  model::Tick large = test::numbered_tick(2, tick_rows);
  std::string before;
  std::string whole;

  /// Whether what is on disk and what was said is what it must be under this limit.
  [[nodiscard]] bool survives(std::size_t limit) const {
    std::filesystem::remove(options.path);
    auto file = RecordingFile::open(options, test::some_header());
    if (!file || !(*file)->write({}, &small) || !set_file_limit(limit)) return false;
    const auto written = (*file)->write({}, &large);
    const auto again = (*file)->write({}, &small);  // after a failure nothing more is taken
    if (!set_file_limit(RLIM_INFINITY)) return false;
    const std::string found = test::read_text(options.path);
    if (limit == whole.size()) return written.has_value() && found == whole;
    const bool loads = options.format == Format::jsonl || rows_in(options.path) == 3;
    return !written && written.error().code == base::ErrorCode::no_space && !again && found == before && loads;
  }
};

/// The complete ticks of a set of files and the rows of the one behind them.
struct Found {
  std::int64_t complete_ticks = 0;
  std::size_t rows_behind = 0;
  bool sound = true;  ///< ticks are in order, none but the last is short, no row has another width
};

void count_rows(const std::string& path, std::map<std::int64_t, std::size_t>& rows_of_tick, Found& found) {
  const auto ends = read_ends(path);
  if (ends && ends->whole_bytes == 0) return;  // killed between a new file and its header
  auto reader = CsvReader::open(path);
  found.sound = found.sound && reader.has_value();
  if (!reader) return;
  const std::size_t elapsed = *reader->column("elapsed_seconds");
  CsvRow row;
  for (auto more = reader->next(row); more && *more; more = reader->next(row)) {
    ++rows_of_tick[std::stoll(std::string(row.cells[elapsed]))];
  }
  found.sound = found.sound && reader->losses().wrong_width_rows == 0;
}

Found look_at(const std::string& path) {
  Found found;
  std::map<std::int64_t, std::size_t> rows_of_tick;
  const auto set = RotatedSet::scan(path);
  for (const std::uint64_t number : set->numbers()) count_rows(set->path_of(number), rows_of_tick, found);
  if (std::filesystem::exists(path)) count_rows(path, rows_of_tick, found);
  for (const auto& [tick, rows] : rows_of_tick) {
    found.sound = found.sound && tick == found.complete_ticks + 1 && rows <= tick_rows && found.rows_behind == 0;
    if (rows == tick_rows)
      ++found.complete_ticks;
    else
      found.rows_behind = rows;
  }
  return found;
}

/// Writes ticks back to back until it is killed; `acknowledged` is the last one that write() returned for.
int write_until_killed(const FileOptions& options, SharedNumber& acknowledged) {
  auto file = RecordingFile::open(options, test::some_header());
  if (!file) return 1;
  model::Tick tick = test::numbered_tick(0, tick_rows);
  for (std::int64_t number = 1;; ++number) {
    tick.elapsed_ns = number * base::ns_per_second;
    if (!(*file)->write({}, &tick)) return 2;
    acknowledged.set(number);
  }
}

bool has_ended(pid_t child) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
}

/// Kills the writer after some ticks: at any instant, or `mid_write`, as soon as the file is seen to grow.
void kill_at_random(pid_t child, const SharedNumber& acknowledged, const std::string& path, bool mid_write,
                    std::mt19937& random) {
  const auto size_bytes = [&] {
    std::error_code missing;
    return std::filesystem::file_size(path, missing);
  };
  const auto ticks = static_cast<std::int64_t>(random() % 20);
  while (acknowledged.get() < ticks && !has_ended(child)) ::sched_yield();
  const auto size_before = size_bytes();
  while (mid_write && size_bytes() == size_before && !has_ended(child)) {
  }
  std::atomic<std::uint64_t> turns = random() % (mid_write ? 100 : 20'000);
  while (turns.load() > 0) --turns;
  ::kill(child, SIGKILL);
}

}  // namespace

TEST_CASE("a size limit at every byte of a 50-row tick leaves exactly the ticks before it") {
  // Every byte of the CSV tick; JSONL takes the same way to the disk, and its tick is many times as long.
  constexpr std::size_t csv_step = is_sanitized ? 13 : 1, jsonl_places = is_sanitized ? 40 : 300;
  for (const Format format : {Format::csv, Format::jsonl}) {
    const test::TempDirectory directory;
    const LimitTrial trial({.path = directory.file("x"), .format = format});
    const std::size_t tick_bytes = trial.whole.size() - trial.before.size();
    const std::size_t step = format == Format::csv ? csv_step : tick_bytes / jsonl_places;
    SharedNumber limit;
    const int status = wait_for(start_child([&] {
      std::signal(SIGXFSZ, SIG_IGN);
      for (std::size_t bytes = trial.whole.size();; bytes -= step) {
        limit.set(static_cast<std::int64_t>(bytes));
        if (!trial.survives(bytes)) return 1;
        if (bytes < trial.before.size() + step) return 0;
      }
    }));
    CAPTURE(limit.get());
    CHECK(status == 0);
    CHECK(limit.get() < static_cast<std::int64_t>(trial.before.size() + step));
  }
}

TEST_CASE("200 SIGKILLs: every acknowledged tick is there, whole, and at most one more; append goes on") {
  std::mt19937 random(200);
  int torn_ticks = 0;
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    const test::TempDirectory directory;
    FileOptions options{.path = directory.file("x.csv")};
    if (round % 2 == 1) options.rotate_bytes = 50'000;
    SharedNumber acknowledged;
    const pid_t child = start_child([&] { return write_until_killed(options, acknowledged); });
    const bool mid_write = round % 4 < 2;
    kill_at_random(child, acknowledged, options.path, mid_write, random);
    const int status = wait_for(child);
    REQUIRE(WIFSIGNALED(status));
    const Found found = look_at(options.path);
    if (found.rows_behind > 0) ++torn_ticks;
    CHECK(found.sound);
    CHECK(found.complete_ticks >= acknowledged.get());
    CHECK(found.complete_ticks <= acknowledged.get() + 1);
    CHECK((found.rows_behind == 0 || found.complete_ticks == acknowledged.get()));

    options.append = true;
    const auto file = RecordingFile::open(options, test::some_header());
    REQUIRE(file.has_value());
    const model::Tick next = test::numbered_tick(found.complete_ticks + 1, tick_rows - found.rows_behind);
    REQUIRE((*file)->write({}, &next).has_value());
    CHECK(look_at(options.path).complete_ticks == found.complete_ticks + 1);
    CHECK(look_at(options.path).sound);
  }
  MESSAGE("rounds in which the kill tore a tick: ", torn_ticks);
}

TEST_CASE("a disk that fills up leaves whole ticks and a no_space error") {
  const test::TempDirectory directory;
  constexpr int no_mount = 77;
  const int status = wait_for(start_child([&] {
    const bool mounted = ::unshare(CLONE_NEWNS) == 0 &&
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("none", directory.path().c_str(), "tmpfs", 0, "size=256k") == 0;
    if (!mounted) return no_mount;
    const FileOptions options{.path = directory.file("x.csv")};
    auto file = RecordingFile::open(options, test::some_header());
    if (!file) return 1;
    std::int64_t ticks = 0;
    base::Result<void> written;
    while (written) {
      const model::Tick tick = test::numbered_tick(ticks + 1, tick_rows);
      written = (*file)->write({}, &tick);
      if (written) ++ticks;
    }
    if (written.error().code != base::ErrorCode::no_space || written.error().path != options.path) return 2;
    if (ticks < 5 || rows_in(options.path) != ticks * static_cast<std::int64_t>(tick_rows)) return 3;
    return 0;
  }));
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == no_mount) {
    MESSAGE("not allowed to mount a small tmpfs: only /dev/full was tried");
    return;
  }
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("standard output that is a file: a failed tick is taken back, what others wrote before stays") {
  const test::TempDirectory directory;
  const std::string path = directory.file("out");
  test::write_text(path, "# before\n");
  const std::string whole = "# before\n" + CsvEncoder().header_line();
  const int status = wait_for(start_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const base::Fd out(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (::dup2(out.get(), STDOUT_FILENO) < 0) return 1;
    auto file = RecordingFile::open({.path = "-"}, test::some_header());
    if (!file || (*file)->name() != "standard output") return 2;
    if (!set_file_limit(whole.size() + 1000)) return 3;
    const model::Tick tick = test::numbered_tick(1, tick_rows);
    return (*file)->write({}, &tick) ? 4 : 0;
  }));
  CHECK(status == 0);
  CHECK(test::read_text(path) == whole);
}
