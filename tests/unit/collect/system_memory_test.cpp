// MemAvailable under a /proc of the test's own.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::collect::test;
using collect::Collector;

namespace {

/// A /proc that is the real one but for meminfo, which is ours.
class ProcWithOwnMeminfo {
 public:
  ProcWithOwnMeminfo() {
    std::string name = (std::filesystem::temp_directory_path() / "tidemark_collect_XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    for (const auto& same : {std::string("stat"), std::string("self"), std::to_string(::getpid())}) {
      std::filesystem::create_symlink("/proc/" + same, path_ / same);
    }
  }
  ProcWithOwnMeminfo(const ProcWithOwnMeminfo&) = delete;
  ProcWithOwnMeminfo& operator=(const ProcWithOwnMeminfo&) = delete;
  ~ProcWithOwnMeminfo() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string path() const { return path_.string(); }
  /// Into the same file: its kept descriptor reads the new text.
  void write(const std::string& text) const { std::ofstream(path_ / "meminfo", std::ios::trunc) << text; }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("MemAvailable that cannot be read is a gap of every row, said once and of no process") {
  const std::string whole = "MemTotal: 2048 kB\nMemAvailable: 1024 kB\n";
  const ProcWithOwnMeminfo proc;
  proc.write(whole);
  const collect::CollectOptions options{.children = false, .python = false, .smaps = {.enabled = false}};
  auto opened = Collector::open(options, system_clock, {::getpid()}, collect::ForkCounter::open(), proc.path());
  REQUIRE(std::holds_alternative<std::unique_ptr<Collector>>(opened));
  auto& collector = *std::get<std::unique_ptr<Collector>>(opened);
  const model::Gap gap{model::Source::system, model::Reason::malformed};
  const auto gaps_of = [&gap](const collect::Batch& batch) {
    REQUIRE(batch.tick.samples.size() == 1);
    return std::ranges::count(batch.tick.samples[0].gaps, gap);
  };

  const auto before = collector.collect(1, 10, "");
  CHECK(before.tick.system_available == 1024U * 1024U);
  CHECK(gaps_of(before) == 0);

  proc.write("MemTotal: 2048 kB\n");
  for (const std::size_t said : {1U, 0U}) {
    const auto without = collector.collect(2, 20, "");
    CHECK_FALSE(without.tick.system_available);
    CHECK(gaps_of(without) == 1);
    const auto errors = all<model::SourceError>(without);
    REQUIRE(errors.size() == said);
    if (said == 0) continue;
    CHECK(errors[0]->gap == gap);
    CHECK(errors[0]->process == nullptr);
    CHECK(errors[0]->text.find(proc.path() + "/meminfo") != std::string::npos);
  }

  proc.write(whole);
  const auto after = collector.collect(3, 30, "");
  CHECK(after.tick.system_available == 1024U * 1024U);
  CHECK(gaps_of(after) == 0);
}
