#include "tidemark/cli/objects_options.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "tidemark/cli/command.hpp"
#include "tidemark/cli/manual.hpp"

using namespace tidemark::cli;

namespace {

ObjectsOptions good(std::vector<std::string> arguments) {
  auto parsed = parse_objects_options(arguments);
  const auto* wrong = std::get_if<UsageError>(&parsed);
  REQUIRE_MESSAGE(wrong == nullptr, wrong->message);
  return std::get<ObjectsOptions>(parsed);
}

UsageError refused(std::vector<std::string> arguments) {
  auto parsed = parse_objects_options(arguments);
  REQUIRE(std::holds_alternative<UsageError>(parsed));
  return std::get<UsageError>(parsed);
}
/// Of process 1, where none is named.
std::string refusal(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-p", "1"});
  const auto wrong = refused(std::move(arguments));
  CHECK_FALSE(wrong.hint.empty());
  return wrong.message;
}

}  // namespace

TEST_CASE("objects: what is not given") {
  const auto one = good({"-p", "4711"});
  CHECK(one.pids == std::vector<tidemark::base::Pid>{4711});
  CHECK(one.name_regex.empty());
  CHECK(one.consistency == Consistency::racing);  // the default is gentle
  CHECK(one.sort == ObjectsSort::size);
  CHECK_FALSE((one.children || one.low_memory || one.json || one.by_module || one.growth_ns || one.top));
  CHECK((one.filter.empty() && one.type.empty() && one.save_file.empty() && one.diff_file.empty()));
  CHECK(one.samples == 10);
  CHECK(one.budget_ns == 10'000'000'000);
}

TEST_CASE("objects: every option") {
  const auto many =
      good({"-p1", "--pid=2", "--children", "--sort", "count", "--top", "7", "--filter", "azure*", "--budget", "250ms",
            "--consistency", "frozen", "--max-pause", "50ms", "--low-memory", "--json", "--save", "a.json"});
  CHECK(many.pids == std::vector<tidemark::base::Pid>{1, 2});
  CHECK((many.children && many.low_memory && many.json));
  CHECK(many.sort == ObjectsSort::count);
  CHECK(many.top == 7);
  CHECK(many.filter == "azure*");
  CHECK(many.budget_ns == 250'000'000);
  CHECK(many.consistency == Consistency::frozen);
  CHECK(many.max_pause_ns == 50'000'000);
  CHECK(many.save_file == "a.json");
  CHECK(good({"--name", "gunicorn|celery"}).name_regex == "gunicorn|celery");
  CHECK(good({"-p", "1", "--by", "module", "--sort", "size"}).by_module);
  CHECK_FALSE(good({"-p", "1", "--by=type"}).by_module);
  CHECK(good({"-p", "1", "--top", "0"}).top == 0);
  CHECK(good({"-p", "1", "--top", "1000000"}).top == 1'000'000);
  CHECK(good({"-p", "1", "--budget", "10ms"}).budget_ns == 10'000'000);
  const auto focused = good({"-p", "1", "--type", "shop.models.Order", "--samples", "0"});
  CHECK(focused.type == "shop.models.Order");
  CHECK(focused.samples == 0);
  CHECK(good({"-p", "1", "--type", "Order", "--samples", "100000", "--json"}).samples == 100'000);
  const auto compared = good({"-p", "1", "--diff", "b.json", "--filter", "*", "--top", "3", "--json", "--save", "c"});
  CHECK(compared.diff_file == "b.json");
  CHECK(compared.top == 3);
  CHECK(good({"-p", "1", "--growth", "60s"}).growth_ns == 60'000'000'000);
}

TEST_CASE("objects: targets and ways to read that are none") {
  CHECK(refused({}).message == "no process named");
  CHECK(refused({}).hint == "tidemark objects -p PID, or tidemark objects --name REGEX");
  CHECK(refused({"-p", "x"}).message == "'x' is not a process id");
  CHECK(refused({"--name", "("}).message.starts_with("--name '(' is not a regular expression"));
  CHECK(refusal({"--name", "x"}) == "-p and --name exclude each other");
  CHECK(refusal({"--consistency", "exact"}) == "--consistency 'exact' is none");
  CHECK(refusal({"--max-pause", "1s"}) ==
        "--max-pause needs --consistency stopped, frozen or auto: else nothing is stopped");
  CHECK(refusal({"--budget", "9ms"}) == "--budget 9ms is too short");
  CHECK(refusal({"--budget", "0"}) == "--budget 0 is too short");
  CHECK(refusal({"--budget", "some"}) == "--budget 'some' is not a time");
  CHECK(refusal({"--locate", "luck"}).find("luck") != std::string::npos);
  CHECK(refusal({"4711"}) == "a word that belongs to no option");
  CHECK(refusal({"--colour"}).find("--colour") != std::string::npos);
}

TEST_CASE("objects: tables that are none") {
  CHECK(refusal({"--sort", "name"}) == "--sort 'name' is none");
  CHECK(refused({"-p", "1", "--sort", "name"}).hint == "size or count");
  CHECK(refusal({"--by", "colour"}) == "--by 'colour' is none");
  CHECK(refused({"-p", "1", "--by", ""}).hint == "type or module");
  for (const auto* number : {"-1", "", "many", "7x", "1.5", "1000001", "99999999999999999999"}) {
    CHECK(refusal({"--top", number}) == "--top '" + std::string(number) + "' is out of range or no number");
  }
  CHECK(refused({"-p", "1", "--top", "x"}).hint == "a whole number from 0 to 1000000");
  CHECK(refusal({"--filter", ""}) == "--filter '' matches nothing");
  CHECK(refusal({"--by", "module", "--json"}) ==
        "--by module and --json exclude each other: the JSON has each type with its module");
  CHECK(refusal({"--top", "\x1b[2J"}) == "--top '\\x1b[2J' is out of range or no number");
}

TEST_CASE("objects: a type is looked at closer in one census, and by itself") {
  CHECK(refusal({"--type", ""}) == "--type '' names no type");
  const std::string one_census = "--type looks at one census: --diff and --growth have a table of their own";
  CHECK(refusal({"--type", "Order", "--diff", "a"}) == one_census);
  CHECK(refusal({"--type", "Order", "--growth", "1m"}) == one_census);
  CHECK(refusal({"--type", "Order", "--by", "module"}) == "--type and --by module exclude each other");
  CHECK(refusal({"--type", "Order", "--filter", "shop*"}) ==
        "--type and --filter exclude each other: --type shows no table of types");
  CHECK(refusal({"--type", "Order", "--samples", "100001"}) == "--samples '100001' is out of range or no number");
  CHECK(refused({"-p", "1", "--type", "x", "--samples", "-"}).hint == "a whole number from 0 to 100000");
  CHECK(refusal({"--samples", "3"}) == "--samples needs --type TYPE: they are objects of one type");
}

TEST_CASE("objects: comparisons that are none") {
  CHECK(refusal({"--diff", "a", "--growth", "1m"}) == "--diff and --growth exclude each other");
  CHECK(refused({"-p", "1", "--diff", "a", "--growth", "1m"}).hint ==
        "--diff FILE compares with a saved census, --growth TIME reads twice");
  CHECK(refusal({"--growth", "0"}) == "--growth 0 is too short");
  CHECK(refusal({"--growth", "99ms"}) == "--growth 99ms is too short");
  CHECK(refusal({"--diff", ""}) == "--diff '' names no file");
  CHECK(refusal({"--save", "-"}) == "--save '-' names no file");
  CHECK(refusal({"--by", "module", "--growth", "1m"}) ==
        "--by module shows one census: --diff and --growth have a table of their own");
  CHECK(refusal({"--sort", "count", "--diff", "a"}) ==
        "--sort count orders one census: --diff and --growth have what grew most first");
}

TEST_CASE("objects: the help fits 80 columns, names each option and says the exit statuses") {
  CHECK(std::holds_alternative<HelpWanted>(parse_objects_options(std::vector<std::string>{"--help"})));
  const std::string help = help_text(objects_manual());
  std::istringstream lines(help);
  std::string line;
  while (std::getline(lines, line)) {
    std::size_t columns = 0;
    for (const char byte : line) columns += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
    CHECK_MESSAGE(columns <= 80, line);
  }
  for (const auto* option :
       {"--pid", "--name", "--children", "--sort", "--top", "--filter", "--by", "--type", "--samples", "--budget",
        "--json", "--save", "--diff", "--growth", "--consistency", "--max-pause", "--low-memory", "--locate"}) {
    CHECK_MESSAGE(help.find(option) != std::string::npos, option);
  }
  CHECK(help.find("a --type that no object") != std::string::npos);
}

TEST_CASE("objects: a file that is no census is told before any process is looked at") {
  std::ostringstream out;
  std::ostringstream err;
  Streams streams{out, err};
  CHECK(run(std::vector<std::string>{"objects", "-p", "1", "--diff", TIDEMARK_SOURCE_DIR "/LICENSE"}, streams) == 2);
  CHECK(err.str().find("LICENSE is no census that tidemark saved: not JSON, or cut\n"
                       "hint: tidemark objects --save FILE writes one") != std::string::npos);
  CHECK(run(std::vector<std::string>{"objects", "-p", "1", "--diff", "/no/such/file"}, streams) == 2);
  CHECK(err.str().find("/no/such/file") != std::string::npos);
  CHECK(out.str().empty());
}
