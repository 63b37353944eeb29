// `tidemark heap` from its options to its output and status, on ledgers made by hand.
#include "detail/heap_run.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "heap_examples.hpp"
#include "snapshot_run_support.hpp"
#include "tidemark/record/heap_file.hpp"

using namespace tidemark;
using namespace tidemark::cli;
using namespace tidemark::cli::test;
namespace examples = tidemark::heap_examples;

namespace {

Outcome call(const HeapOptions& options, const HeapTargetReader& reader) {
  return outcome_of([&](Streams& streams) { return run_heap(options, reader, streams); });
}

/// The first process of a reading, whatever the pid.
HeapTargetReader reads(const model::HeapReading& reading) {
  return [process = reading.processes[0]](const auto&, const HeapTarget&, const auto&) {
    return HeapAnswer{.process = process, .failure = {}, .error = {}};
  };
}

HeapAnswer fails(const proc::ProcRoot& /*root*/, const HeapTarget& target, const HeapOptions& /*options*/) {
  return failure_of<HeapAnswer>(target.pid);
}

HeapOptions of(std::vector<base::Pid> pids) {
  HeapOptions options;
  options.pids = std::move(pids);
  return options;
}

}  // namespace

TEST_CASE("heap: one process, as text and as JSON") {
  const auto text = call(of({4711}), reads(examples::exact()));
  CHECK(text.status == 0);
  CHECK(text.err.empty());
  CHECK(has(text.out, "worker.py (pid 4711)"));
  auto options = of({4711});
  options.json = true;
  options.consistency = Consistency::automatic;
  const auto json = nlohmann::json::parse(call(options, reads(examples::exact())).out);
  CHECK(json["consistency"] == "auto");
  CHECK(json["processes"][0]["consistency"] == "frozen");
  CHECK(json["taken"].is_string());
}

TEST_CASE("heap: save, and a difference with itself is nothing; another process is matched by name and said") {
  const TempFile file;
  auto options = of({4711});
  options.save_file = file.path();
  CHECK(call(options, reads(examples::exact())).status == 0);
  options.save_file.clear();
  options.diff_file = file.path();
  options.json = true;
  const auto same = call(options, reads(examples::exact()));
  CHECK(same.status == 0);
  const auto compared = nlohmann::json::parse(same.out);
  for (const auto& row : compared["processes"][0]["rows"]) CHECK(row["change_bytes"] == 0);

  options.pids = {99};
  options.json = false;
  const auto other = call(options, reads(examples::exact()));
  CHECK(other.status == 0);
  CHECK(has(other.out, "matched by its name: it was pid 4711 before"));

  auto stranger = examples::exact();
  stranger.processes[0].name = "stranger";
  stranger.processes[0].identity = {.pid = 5, .start_ticks = 5};
  options.pids = {5};
  const auto unmatched = call(options, reads(stranger));
  CHECK(unmatched.status == 4);
  CHECK(has(unmatched.out, "stranger (pid 5) has nothing before"));
  CHECK(has(unmatched.out, "worker.py (pid 4711) was there before"));
}

TEST_CASE("heap: --growth reads twice and ranks what changed") {
  auto options = of({4711});
  options.growth_ns = base::ns_per_ms;
  int readings = 0;
  const auto grown = call(options, [&](const auto&, const HeapTarget&, const auto&) {
    const auto reading = readings++ == 0 ? examples::racing() : examples::grown();
    return HeapAnswer{.process = reading.processes[0], .failure = {}, .error = {}};
  });
  CHECK(readings == 2);
  CHECK(grown.status == 0);
  CHECK(has(grown.out, "Python objects in pymalloc (dict)"));
  CHECK(has(grown.out, "+20.0"));
}

TEST_CASE("heap: a failure is told once and has its status; one of two is partial") {
  const auto none = call(of({1}), fails);
  CHECK(none.status == 3);
  CHECK(none.err == "tidemark heap: it may not be read\nhint: be root\n");
  CHECK(none.out.empty());

  const auto one_of_two = [](const proc::ProcRoot& root, const HeapTarget& target, const HeapOptions& options) {
    return target.pid == 1 ? fails(root, target, options) : reads(examples::exact())(root, target, options);
  };
  const auto half = call(of({1, 2}), one_of_two);
  CHECK(half.status == 4);
  CHECK(has(half.err, "it may not be read"));
  CHECK_FALSE(has(half.out, "it may not be read"));
  auto options = of({1, 2});
  options.json = true;
  const auto json = nlohmann::json::parse(call(options, one_of_two).out);
  CHECK(json["processes"][0]["failure"] == "it may not be read");
  CHECK(json["processes"][1]["pid"] == 2);

  options = of({1});
  options.growth_ns = base::ns_per_ms;
  CHECK(call(options, fails).err == none.err);  // by the second reading alone
}

TEST_CASE("heap: a ledger that does not add up is said on standard error too, and is status 4") {
  auto reading = examples::exact();
  reading.processes[0].ledger.rows[0].bytes += 1;
  const auto outcome = call(of({4711}), reads(reading));
  CHECK(outcome.status == 4);
  CHECK(has(outcome.err, "the ledger of pid 4711 does not add up"));
  CHECK(has(outcome.out, "THIS LEDGER DOES NOT ADD UP"));
}

TEST_CASE("heap: a file that cannot be saved is a usage error and says why") {
  auto options = of({4711});
  options.save_file = "/no/such/place/x.json";
  const auto outcome = call(options, reads(examples::exact()));
  CHECK(outcome.status == 2);
  CHECK(has(outcome.err, "the ledger was not saved as /no/such/place/x.json"));
  CHECK(has(outcome.out, "worker.py"));  // what was read is shown all the same
}

TEST_CASE("heap: children are read with their parent, and told apart") {
  auto options = of({::getpid()});
  options.children = true;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    while (true) ::pause();
  }
  std::vector<HeapTarget> asked;
  (void)call(options, [&](const auto& root, const HeapTarget& target, const auto& given) {
    asked.push_back(target);
    return reads(examples::exact())(root, target, given);
  });
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  REQUIRE(asked.size() == 2);
  CHECK(asked[0].parent == 0);
  CHECK(asked[1].pid == child);
  CHECK(asked[1].parent == ::getpid());
}
