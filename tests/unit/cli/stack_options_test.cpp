#include "tidemark/cli/stack_options.hpp"

#include <doctest/doctest.h>

using namespace tidemark::cli;

namespace {

StackOptions good(std::vector<std::string> arguments) {
  auto parsed = parse_stack_options(arguments);
  const auto* wrong = std::get_if<UsageError>(&parsed);
  REQUIRE_MESSAGE(wrong == nullptr, wrong->message);
  return std::get<StackOptions>(parsed);
}

std::string refusal(std::vector<std::string> arguments) {
  auto parsed = parse_stack_options(arguments);
  REQUIRE(std::holds_alternative<UsageError>(parsed));
  CHECK_FALSE(std::get<UsageError>(parsed).hint.empty());
  return std::get<UsageError>(parsed).message;
}

}  // namespace

TEST_CASE("stack: the plain uses") {
  const auto one = good({"-p", "4711"});
  CHECK(one.pids == std::vector<tidemark::base::Pid>{4711});
  CHECK(one.format == StackFormat::text);
  CHECK_FALSE(one.stopped);
  CHECK_FALSE(one.children);
  CHECK_FALSE(one.running_only);
  CHECK(one.source);
  CHECK(one.depth == 40);

  const auto many = good({"-p1", "--pid=2", "--children", "--consistency", "stopped", "--max-pause", "50ms",
                          "--running", "--depth", "7", "--no-source"});
  CHECK(many.pids == std::vector<tidemark::base::Pid>{1, 2});
  CHECK((many.children && many.stopped && many.running_only));
  CHECK(many.max_pause_ns == 50'000'000);
  CHECK(many.depth == 7);
  CHECK_FALSE(many.source);

  CHECK(good({"--name", "gunicorn|celery", "--json"}).format == StackFormat::json);
  const auto folded = good({"-p", "1", "--collapsed", "--all"});
  CHECK(folded.format == StackFormat::collapsed);
  CHECK_FALSE(folded.source);  // a folded line has no place for it
  CHECK(folded.depth == 0);
}

TEST_CASE("stack: what makes no sense is refused with a hint") {
  CHECK(refusal({}) == "no process named");
  CHECK(refusal({"-p", "1", "--name", "x"}) == "-p and --name exclude each other");
  CHECK(refusal({"-p", "0"}) == "'0' is not a process id");
  CHECK(refusal({"--name", "("}).starts_with("--name '(' is not a regular expression"));
  CHECK(refusal({"--name", ""}) == "--name '' names no process");
  CHECK(refusal({"-p", "1", "--json", "--collapsed"}) == "--json and --collapsed exclude each other");
  CHECK(refusal({"-p", "1", "--all", "--depth", "3"}) == "--all and --depth exclude each other");
  CHECK(refusal({"-p", "1", "--depth", "0"}) == "--depth '0' is not a number of frames");
  CHECK(refusal({"-p", "1", "--depth", "3x"}) == "--depth '3x' is not a number of frames");
  CHECK(refusal({"-p", "1", "--consistency", "frozen"}) == "--consistency 'frozen' is none");
  CHECK(refusal({"-p", "1", "--max-pause", "1s"}) ==
        "--max-pause needs --consistency stopped: else nothing is stopped");
  CHECK(refusal({"-p", "1", "--consistency", "stopped", "--max-pause", "2m"}) == "--max-pause 2m is out of range");
  CHECK(refusal({"-p", "1", "--consistency", "stopped", "--max-pause", "0"}) == "--max-pause 0 is out of range");
  CHECK(refusal({"4711"}) == "a word that belongs to no option");
  CHECK(std::holds_alternative<HelpWanted>(parse_stack_options(std::vector<std::string>{"--help"})));
}
