// `tidemark objects` from its options to its output and status, on censuses made by hand.
#include "detail/objects_run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "census_examples.hpp"
#include "snapshot_run_support.hpp"

using namespace tidemark;
using namespace tidemark::cli;
using namespace tidemark::cli::test;
namespace examples = tidemark::census_examples;

namespace {

Outcome call(const ObjectsOptions& options, const ObjectsTargetReader& reader) {
  return outcome_of([&](Streams& streams) { return run_objects(options, reader, streams); });
}

/// The first process of a reading, whatever the pid.
ObjectsTargetReader reads(const model::CensusReading& reading) {
  return [process = reading.processes[0]](const auto&, const Target&, const auto&) {
    return ObjectsAnswer{.process = process, .failure = {}, .error = {}};
  };
}

ObjectsAnswer fails(const proc::ProcRoot& /*root*/, const Target& target, const ObjectsOptions& /*options*/) {
  return failure_of<ObjectsAnswer>(target.pid);
}

ObjectsAnswer fails_for_1(const proc::ProcRoot& root, const Target& target, const ObjectsOptions& options) {
  return target.pid == 1 ? fails(root, target, options) : reads(examples::exact())(root, target, options);
}

ObjectsOptions of(std::vector<base::Pid> pids) {
  ObjectsOptions options;
  options.pids = std::move(pids);
  return options;
}

nlohmann::json json_of(ObjectsOptions options, const ObjectsTargetReader& reader) {
  options.json = true;
  return nlohmann::json::parse(call(options, reader).out);
}

std::vector<std::string> types_of(const nlohmann::json& reading) {
  std::vector<std::string> names;
  for (const auto& type : reading["processes"][0]["types"]) names.push_back(type["type"]);
  return names;
}

}  // namespace

TEST_CASE("objects: one process, as text and as JSON") {
  const auto text = call(of({4711}), reads(examples::exact()));
  CHECK(text.status == 0);
  CHECK(text.err.empty());
  CHECK(has(text.out, "worker.py (pid 4711)"));
  auto options = of({4711});
  options.consistency = Consistency::automatic;
  const auto json = json_of(options, reads(examples::exact()));
  CHECK(json["consistency"] == "auto");
  CHECK(json["processes"][0]["consistency"] == "frozen");
  CHECK(json["taken"].is_string());
  CHECK(types_of(json).size() == 8);
}

TEST_CASE("objects: --filter, --sort and --top choose the types of the JSON; its summary is of all") {
  using Names = std::vector<std::string>;
  const auto all = json_of(of({4711}), reads(examples::exact()))["processes"][0]["summary"];
  auto options = of({4711});
  options.top = 2;
  auto json = json_of(options, reads(examples::exact()));
  CHECK(types_of(json) == Names{"builtins.dict", "numpy.ndarray"});
  CHECK(json["processes"][0]["summary"] == all);
  options.sort = ObjectsSort::count;
  CHECK(types_of(json_of(options, reads(examples::exact()))) == Names{"builtins.str", "builtins.dict"});
  options.top = 0;
  CHECK(types_of(json_of(options, reads(examples::exact()))).size() == 8);
  options.top = 1'000'000;
  CHECK(types_of(json_of(options, reads(examples::exact()))).size() == 8);
  options = of({4711});
  options.filter = "app.*";
  json = json_of(options, reads(examples::exact()));
  CHECK(types_of(json) == Names{"app.models.Order", "app.models.Order"});
  CHECK(json["processes"][0]["summary"] == all);
  options.filter = "app";
  CHECK(types_of(json_of(options, reads(examples::exact()))).empty());
}

TEST_CASE("objects: --filter, --sort, --by and --top choose the rows of the table") {
  auto options = of({4711});
  options.top = 1;
  auto text = call(options, reads(examples::exact()));
  CHECK(has(text.out, "builtins.dict"));
  CHECK_FALSE(has(text.out, "azure"));
  options.sort = ObjectsSort::count;
  text = call(options, reads(examples::exact()));
  CHECK(has(text.out, "builtins.str"));
  CHECK_FALSE(has(text.out, "builtins.dict"));
  options = of({4711});
  options.filter = "azure*";
  text = call(options, reads(examples::exact()));
  CHECK(has(text.out, "azure.core"));
  CHECK_FALSE(has(text.out, "builtins.dict"));
  options.filter = "no.such*";
  text = call(options, reads(examples::exact()));
  CHECK(has(text.out, "no.such*: no type with objects has such a name."));
  CHECK(text.status == 0);
  options = of({4711});
  options.by_module = true;
  text = call(options, reads(examples::exact()));
  CHECK(has(text.out, "app.models"));
  CHECK_FALSE(has(text.out, "app.models.Order"));
}

TEST_CASE("objects: save, and a difference with itself is nothing; another process is matched by name and said") {
  const TempFile file;
  auto options = of({4711});
  options.top = 1;  // of what is shown: all is saved
  options.filter = "azure*";
  options.save_file = file.path();
  CHECK(call(options, reads(examples::exact())).status == 0);
  options = of({4711});
  options.diff_file = file.path();
  const auto same = call(options, reads(examples::exact()));
  CHECK(same.status == 0);
  CHECK(has(same.out, "Nothing changed"));
  const auto json = json_of(options, reads(examples::exact()));
  CHECK(json["processes"][0]["types"].empty());
  CHECK(json["processes"][0]["types_unchanged"] == 7);  // by name

  options.pids = {99};
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

TEST_CASE("objects: --growth reads twice and ranks what changed, of what was asked for") {
  auto options = of({4711});
  options.growth_ns = base::ns_per_ms;
  int readings = 0;
  const ObjectsTargetReader reader = [&](const auto&, const Target&, const auto&) {
    const auto reading = readings++ % 2 == 0 ? examples::racing() : examples::grown();
    return ObjectsAnswer{.process = reading.processes[0], .failure = {}, .error = {}};
  };
  const auto grown = call(options, reader);
  CHECK(readings == 2);
  CHECK(grown.status == 0);
  CHECK(has(grown.out, "+100,000"));
  CHECK(grown.out.find("builtins.dict") < grown.out.find("app.cache.Entry"));
  CHECK(has(grown.out, "builtins.str"));
  options.top = 1;
  CHECK(has(call(options, reader).out, "more types that grew"));
  options.top = {};
  options.filter = "app.*";
  const auto filtered = call(options, reader);
  CHECK(has(filtered.out, "Only types that match app.*."));
  CHECK(has(filtered.out, "app.cache.Entry"));
  CHECK_FALSE(has(filtered.out, "builtins"));
  const auto json = json_of(options, reader);
  for (const auto& type : json["processes"][0]["types"]) CHECK(type["type"].get<std::string>().starts_with("app."));
}

TEST_CASE("objects: a failure is told once and has its status; one of two is partial") {
  const auto none = call(of({1}), fails);
  CHECK(none.status == 3);
  CHECK(none.err == "tidemark objects: it may not be read\nhint: be root\n");
  CHECK(none.out.empty());

  const auto half = call(of({1, 2}), fails_for_1);
  CHECK(half.status == 4);
  CHECK(has(half.err, "it may not be read"));
  CHECK_FALSE(has(half.out, "it may not be read"));
  const auto json = json_of(of({1, 2}), fails_for_1);
  CHECK(json["processes"][0]["failure"] == "it may not be read");
  CHECK(json["processes"][1]["pid"] == 2);

  auto options = of({1});
  options.json = true;
  CHECK(call(options, fails).status == 3);
  CHECK(json_of(options, fails)["processes"][0]["failure"] == "it may not be read");
  options = of({1});
  options.growth_ns = base::ns_per_ms;
  CHECK(call(options, fails).err == none.err);  // by the second reading alone
  options.type = "Order";
  options.growth_ns = {};
  CHECK(call(options, fails).err == none.err);  // and not that there is no Order
}

TEST_CASE("objects: what the budget had no time for is a sentence on standard error, and status 4") {
  const auto outcome = call(of({4711}), reads(examples::cut()));
  CHECK(outcome.status == 4);
  CHECK(outcome.err == "tidemark objects: of pid 4711 31 % of the objects were looked at before --budget was spent\n");
  CHECK(has(outcome.out, "time was used up"));
  const auto json = json_of(of({4711}), reads(examples::cut()));
  CHECK(json["processes"][0]["coverage"]["out_of_budget"] == true);
}

TEST_CASE("objects: a --type that no object has is said, and status 4; one process that has it is enough") {
  auto options = of({4711});
  options.type = "app.models.Ordre";
  const auto none = call(options, reads(examples::exact()));
  CHECK(none.status == 4);
  CHECK(none.err.starts_with("tidemark objects: no object of a type 'app.models.Ordre' was found\nhint: "));
  CHECK(has(none.err, "--filter '*Ordre*'"));
  CHECK(has(none.out, "worker.py (pid 4711)"));
  options.json = true;
  CHECK(call(options, reads(examples::exact())).status == 4);
  options.type = "Ord\x1b[2J";
  CHECK_FALSE(has(call(options, reads(examples::exact())).err, "\x1b"));

  options = of({1, 2});
  options.type = "Order";
  const auto one_of_two = call(options, [](const auto&, const Target& target, const auto&) {
    const auto reading = target.pid == 1 ? examples::exact() : examples::focused();
    return ObjectsAnswer{.process = reading.processes[0], .failure = {}, .error = {}};
  });
  CHECK(one_of_two.status == 0);
  CHECK(one_of_two.err.empty());
  CHECK(has(one_of_two.out, "Order(id=7"));
}

TEST_CASE("objects: a file that cannot be saved is a usage error and says why") {
  auto options = of({4711});
  options.save_file = "/no/such/place/x.json";
  const auto outcome = call(options, reads(examples::exact()));
  CHECK(outcome.status == 2);
  CHECK(has(outcome.err, "the census was not saved as /no/such/place/x.json"));
  CHECK(has(outcome.out, "worker.py"));  // what was read is shown all the same
}
