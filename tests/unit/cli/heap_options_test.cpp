#include "tidemark/cli/heap_options.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "tidemark/cli/command.hpp"
#include "tidemark/cli/manual.hpp"

using namespace tidemark::cli;

namespace {

HeapOptions good(std::vector<std::string> arguments) {
  auto parsed = parse_heap_options(arguments);
  const auto* wrong = std::get_if<UsageError>(&parsed);
  REQUIRE_MESSAGE(wrong == nullptr, wrong->message);
  return std::get<HeapOptions>(parsed);
}

std::string refusal(std::vector<std::string> arguments) {
  auto parsed = parse_heap_options(arguments);
  REQUIRE(std::holds_alternative<UsageError>(parsed));
  CHECK_FALSE(std::get<UsageError>(parsed).hint.empty());
  return std::get<UsageError>(parsed).message;
}

}  // namespace

TEST_CASE("heap: the plain uses") {
  const auto one = good({"-p", "4711"});
  CHECK(one.pids == std::vector<tidemark::base::Pid>{4711});
  CHECK(one.consistency == Consistency::racing);  // the default is gentle
  CHECK(one.by == HeapView::owners);
  CHECK_FALSE((one.children || one.low_memory || one.json || one.growth_ns));
  CHECK((one.save_file.empty() && one.diff_file.empty()));

  const auto many = good({"-p1", "--pid=2", "--children", "--consistency", "frozen", "--max-pause", "50ms",
                          "--low-memory", "--json", "--save", "a.json", "--diff", "b.json"});
  CHECK(many.pids == std::vector<tidemark::base::Pid>{1, 2});
  CHECK((many.children && many.low_memory && many.json));
  CHECK(many.consistency == Consistency::frozen);
  CHECK(many.max_pause_ns == 50'000'000);
  CHECK(many.save_file == "a.json");
  CHECK(many.diff_file == "b.json");

  CHECK(good({"--name", "gunicorn|celery", "--growth", "60s"}).growth_ns == 60'000'000'000);
  CHECK(good({"-p", "1", "--consistency", "auto", "--max-pause", "1s"}).consistency == Consistency::automatic);
  CHECK(good({"-p", "1", "--by", "arena"}).by == HeapView::arenas);
  CHECK(good({"-p", "1", "--by", "file", "--save", "x"}).by == HeapView::files);
  CHECK(good({"-p", "1", "--by=type"}).by == HeapView::types);
}

TEST_CASE("heap: what makes no sense is refused with a hint") {
  CHECK(refusal({}) == "no process named");
  CHECK(refusal({"-p", "1", "--name", "x"}) == "-p and --name exclude each other");
  CHECK(refusal({"-p", "x"}) == "'x' is not a process id");
  CHECK(refusal({"--name", "("}).starts_with("--name '(' is not a regular expression"));
  CHECK(refusal({"-p", "1", "--consistency", "exact"}) == "--consistency 'exact' is none");
  CHECK(refusal({"-p", "1", "--max-pause", "1s"}) ==
        "--max-pause needs --consistency stopped, frozen or auto: else nothing is stopped");
  CHECK(refusal({"-p", "1", "--consistency", "stopped", "--max-pause", "2m"}) == "--max-pause 2m is out of range");
  CHECK(refusal({"-p", "1", "--by", "colour"}) == "--by 'colour' is none");
  CHECK(refusal({"-p", "1", "--by", "type", "--json"}) ==
        "--by and --json exclude each other: the JSON has all tables");
  CHECK(refusal({"-p", "1", "--by", "type", "--growth", "1m"}) ==
        "--by shows one ledger: --diff and --growth have tables of their own");
  CHECK(refusal({"-p", "1", "--diff", "a", "--growth", "1m"}) == "--diff and --growth exclude each other");
  CHECK(refusal({"-p", "1", "--growth", "0"}) == "--growth 0 is too short");
  CHECK(refusal({"-p", "1", "--growth", "soon"}) == "--growth 'soon' is not a time");
  CHECK(refusal({"-p", "1", "--save", "-"}) == "--save '-' names no file");
  CHECK(refusal({"-p", "1", "--diff", ""}) == "--diff '' names no file");
  CHECK(refusal({"4711"}) == "a word that belongs to no option");
  CHECK(std::holds_alternative<HelpWanted>(parse_heap_options(std::vector<std::string>{"--help"})));
}

TEST_CASE("heap: the help fits 80 columns and says the exit statuses") {
  std::istringstream lines(help_text(heap_manual()));
  std::string line;
  while (std::getline(lines, line)) {
    std::size_t columns = 0;
    for (const char byte : line) columns += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
    CHECK_MESSAGE(columns <= 80, line);
  }
  CHECK(help_text(heap_manual()).find("does not add up") != std::string::npos);
}

TEST_CASE("heap: a file that is no ledger is told before any process is looked at") {
  std::ostringstream out;
  std::ostringstream err;
  Streams streams{out, err};
  CHECK(run(std::vector<std::string>{"heap", "-p", "1", "--diff", TIDEMARK_SOURCE_DIR "/LICENSE"}, streams) == 2);
  CHECK(err.str().find("LICENSE is no ledger that tidemark saved: not JSON, or cut\nhint: ") != std::string::npos);
  CHECK(run(std::vector<std::string>{"heap", "-p", "1", "--diff", "/no/such/file"}, streams) == 2);
  CHECK(err.str().find("/no/such/file") != std::string::npos);
  CHECK(out.str().empty());
}
