#include "tidemark/cli/record_options.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <tuple>

#include "tidemark/cli/command.hpp"

using namespace tidemark::cli;

namespace {

ParsedRecordOptions parse(std::vector<std::string> arguments) { return parse_record_options(arguments); }

RecordOptions good(std::vector<std::string> arguments) {
  auto parsed = parse(std::move(arguments));
  const auto* wrong = std::get_if<UsageError>(&parsed);
  REQUIRE_MESSAGE(wrong == nullptr, wrong->message);
  return std::get<RecordOptions>(parsed);
}

std::string refusal(std::vector<std::string> arguments) {
  auto parsed = parse(std::move(arguments));
  REQUIRE(std::holds_alternative<UsageError>(parsed));
  CHECK_FALSE(std::get<UsageError>(parsed).hint.empty());
  return std::get<UsageError>(parsed).message;
}

}  // namespace

TEST_CASE("the plain uses") {
  const auto one = good({"-p", "4711"});
  CHECK(one.pids == std::vector<tidemark::base::Pid>{4711});
  CHECK(one.interval_ns == 1'000'000'000);
  CHECK_FALSE(one.duration_ns);
  CHECK(one.children);
  CHECK(one.outputs.empty());
  CHECK(one.pss == PssMode::automatic);

  const auto many =
      good({"-p1",           "--pid=2",  "-i",    "10ms",   "-d", "20",    "-o", "a.csv",  "-o",        "-",
            "--no-children", "--rotate", "100MB", "--keep", "3",  "--pss", "5",  "--maps", "--require", "python",
            "--mark-signal", "-q"});
  CHECK(many.pids == std::vector<tidemark::base::Pid>{1, 2});
  CHECK(many.interval_ns == 10'000'000);
  CHECK(many.duration_ns == 20'000'000'000);
  CHECK(many.outputs == std::vector<std::string>{"a.csv", "-"});
  CHECK_FALSE(many.children);
  CHECK(many.rotate_bytes == 104'857'600);
  CHECK(many.keep == 3);
  CHECK(many.pss == PssMode::every);
  CHECK(many.pss_interval_ns == 5'000'000'000);
  CHECK((many.maps && many.require_python && many.mark_signal && many.quiet));
}

TEST_CASE("everything after -- is the command, its options too") {
  const auto wrapped = good({"-i", "1s", "--", "python3", "-c", "pass", "--help", "--"});
  CHECK(wrapped.command == std::vector<std::string>{"python3", "-c", "pass", "--help", "--"});
  CHECK(wrapped.pids.empty());
}

TEST_CASE("help wins") { CHECK(std::holds_alternative<HelpWanted>(parse({"-p", "1", "--help"}))); }

TEST_CASE("wrong uses say what is wrong and what to do") {
  CHECK(refusal({}) == "no process named");
  CHECK(refusal({"-p", "abc"}) == "'abc' is not a process id");
  CHECK(refusal({"-p", "0"}) == "'0' is not a process id");
  CHECK(refusal({"-p", "-5"}).find("-5") != std::string::npos);
  CHECK(refusal({"-p", "99999999999999"}) == "'99999999999999' is not a process id");
  CHECK(refusal({"-p", "1", "--name", "x"}) == "-p, --name and -- COMMAND exclude each other");
  CHECK(refusal({"--name", "("}).starts_with("--name '(' is not a regular expression"));
  CHECK(refusal({"-p", "1", "-i", "9ms"}) == "--interval 9ms is out of range");
  CHECK(refusal({"-p", "1", "-i", "61m"}) == "--interval 61m is out of range");
  CHECK(refusal({"-p", "1", "-i", "soon"}) == "--interval 'soon' is not a time");
  CHECK(refusal({"-p", "1", "-d", "0"}) == "--duration 0 records nothing");
  CHECK(refusal({"-p", "1", "-o", "a.txt"}) == "-o 'a.txt' says no format");
  CHECK(refusal({"-p", "1", "-o", "a.csv", "-o", "a.csv"}) == "the same -o twice");
  CHECK(refusal({"-p", "1", "--append"}) == "--append needs -o FILE");
  CHECK(refusal({"-p", "1", "--keep", "2"}) == "--keep needs --rotate SIZE");
  CHECK(refusal({"-p", "1", "--rotate", "big"}) == "--rotate 'big' is not a size");
  CHECK(refusal({"-p", "1", "--rotate", "1MB", "--keep", "0"}) == "--keep '0' is not a number of files");
  CHECK(refusal({"-p", "1", "--require", "java"}) == "--require knows only 'python'");
  CHECK(refusal({"-p", "1", "--pss", "0"}) == "--pss 0 is no interval");
  CHECK(refusal({"-p", "1", "--pss", "off", "--maps"}) == "--maps reads PSS too, --pss off forbids it");
  CHECK(refusal({"-p", "1", "stray"}) == "a word that belongs to no option");
  CHECK(refusal({"--"}) == "nothing after --");
  CHECK(refusal({"-p", "1", "--dur", "1"}).find("--dur") != std::string::npos);  // no guessing of cut options
}

TEST_CASE("the help fits 80 columns and has examples") {
  std::istringstream lines(record_help());
  std::string line;
  bool examples = false;
  while (std::getline(lines, line)) {
    std::size_t columns = 0;
    for (const char byte : line) columns += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
    CHECK_MESSAGE(columns <= 80, line);
    examples = examples || line == "Examples:";
  }
  CHECK(examples);
}

TEST_CASE("the program: help, version, an unknown command says what exists") {
  using Outcome = std::tuple<int, std::string, std::string>;
  const auto call = [](std::vector<std::string> arguments) -> Outcome {
    std::ostringstream out;
    std::ostringstream err;
    Streams streams{out, err};
    const int status = run(arguments, streams);
    return {status, out.str(), err.str()};
  };
  CHECK((call({"--version"}) == Outcome{0, "tidemark " TIDEMARK_VERSION "\n", ""}));
  CHECK(std::get<0>(call({"--help"})) == 0);
  CHECK(std::get<1>(call({"--help"})).find("record") != std::string::npos);
  CHECK(std::get<0>(call({})) == 2);
  const auto [status, out, err] = call({"diagnose"});
  CHECK(status == 2);
  CHECK(out.empty());
  CHECK(err ==
        "tidemark: there is no command 'diagnose'\n"
        "hint: the commands are: record, report, compare, mark, stack, heap, objects, doctor, man, completion\n");
}

TEST_CASE("stacks go into a JSONL: one must be among the outputs") {
  CHECK(good({"-p", "1", "--stacks"}).stacks);
  CHECK(good({"-p", "1", "--stacks", "-o", "a.csv", "-o", "a.jsonl"}).stacks);
  CHECK_FALSE(good({"-p", "1"}).stacks);
  CHECK(refusal({"-p", "1", "--stacks", "-o", "a.csv"}) == "--stacks needs a JSONL file: a CSV has no place for them");
  CHECK(refusal({"-p", "1", "--stacks", "-o", "-"}).starts_with("--stacks needs a JSONL file"));
}

TEST_CASE("censuses in a recording: at least a second apart, of so many types, into a file that has a place for them") {
  CHECK(good({"-p", "1", "--census", "60s"}).census_interval_ns == 60'000'000'000);
  CHECK(good({"-p", "1", "--census", "60s"}).census_top == 50);
  CHECK_FALSE(good({"-p", "1"}).census_interval_ns);
  CHECK(good({"-p", "1", "--census", "1m", "--census-top", "7", "-o", "a.csv"}).census_top == 7);
  CHECK(good({"-p", "1", "--census", "1m", "-o", "a.jsonl", "-o", "-"}).census_interval_ns);
  CHECK(good({"-p", "1", "-o", "a.objects.csv"}).outputs.size() == 1);
  CHECK(refusal({"-p", "1", "--census", "999ms"}) == "--census 999ms is too often");
  CHECK(refusal({"-p", "1", "--census", "now"}) == "--census 'now' is not a time");
  CHECK(refusal({"-p", "1", "--census-top", "7"}) == "--census-top needs --census TIME");
  for (const std::string top : {"0", "1001", "-1", "5x", ""}) {
    CHECK(refusal({"-p", "1", "--census", "1m", "--census-top", top}) ==
          "--census-top '" + top + "' is not a number of types");
  }
  CHECK(refusal({"-p", "1", "--census", "1m", "-o", "-"}) ==
        "--census needs a file: standard output has no place for it");
  CHECK(refusal({"-p", "1", "--census", "1m", "-o", "a.objects.csv"}) ==
        "-o 'a.objects.csv' is where --census writes the objects of another file");
}

TEST_CASE("a ledger of the heap in a recording: at least a second apart") {
  CHECK(good({"-p", "1", "--heap", "30s"}).heap_interval_ns == 30'000'000'000);
  CHECK_FALSE(good({"-p", "1"}).heap_interval_ns);
  CHECK(good({"-p", "1", "--heap", "1m", "-o", "a.csv"}).heap_interval_ns == 60'000'000'000);  // it has columns too
  CHECK(refusal({"-p", "1", "--heap", "500ms"}) == "--heap 500ms is too often");
  CHECK(refusal({"-p", "1", "--heap", "often"}) == "--heap 'often' is not a time");
}
