// Stacks as text, JSON and folded lines: whole outputs (golden_file.hpp), and what must hold for any names.
#include "tidemark/present/stack.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "detail/stack_parts.hpp"
#include "golden_file.hpp"
#include "stack_examples.hpp"
#include "support.hpp"
#include "text_checks.hpp"

using namespace tidemark;
using namespace tidemark::present;
using test::is_safe;

namespace {

std::size_t lines_with(const std::string& text, const std::string& word) {
  std::istringstream lines(text);
  std::string line;
  std::size_t count = 0;
  while (std::getline(lines, line)) count += line.find(word) != std::string::npos ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("golden: a server's threads, one that moved, a second interpreter") {
  check_golden("stack_server.txt", stack_text(stack_examples::server(), {}));
  check_golden("stack_server.json", stack_json(stack_examples::server()));
  check_golden("stack_server.folded", stack_folded(stack_examples::server()));
}

TEST_CASE("golden: stopped, in a pid namespace, with a child that is no Python") {
  check_golden("stack_stopped.txt", stack_text(stack_examples::stopped(), {}));
  check_golden("stack_stopped.json", stack_json(stack_examples::stopped()));
}

TEST_CASE("golden: hostile names, a deep stack") {
  check_golden("stack_hostile.txt", stack_text(stack_examples::hostile(), {.text = {.ascii = true}}));
  check_golden("stack_hostile.folded", stack_folded(stack_examples::hostile()));
}

TEST_CASE("no line is wider than the terminal, whatever the names are; nothing drives the terminal") {
  for (const std::size_t width : {80U, 100U, 120U}) {
    for (const auto& view : {stack_examples::server(), stack_examples::stopped(), stack_examples::hostile()}) {
      const auto text = stack_text(view, {.text = {.width = width}});
      CHECK(widest_line(text) <= width);
      CHECK(is_safe(text));
    }
  }
  CHECK(is_safe(stack_folded(stack_examples::hostile())));
  CHECK(is_safe(stack_json(stack_examples::hostile())));
}

TEST_CASE("colour is for a terminal only") {
  CHECK(stack_text(stack_examples::server(), {}).find('\x1b') == std::string::npos);
  CHECK(stack_text(stack_examples::server(), {.text = {.colour = true}}).find("\x1b[1mOrder.total") !=
        std::string::npos);
}

TEST_CASE("a deep stack shows both of its ends and says how much is between them") {
  const auto view = stack_examples::hostile();
  const auto text = stack_text(view, {.depth = 40});
  CHECK(lines_with(text, "down_") == 40);
  CHECK(lines_with(text, "60 more frames (--all shows them)") == 1);
  CHECK(lines_with(text, "down_0 ") == 1);
  CHECK(lines_with(text, "down_29 ") == 1);
  CHECK(lines_with(text, "down_30 ") == 0);
  CHECK(lines_with(text, "down_99 ") == 1);
  CHECK(lines_with(stack_text(view, {.depth = 0}), "down_") == 100);
  CHECK(lines_with(stack_text(view, {.depth = 1}), "down_") == 1);
  CHECK(nlohmann::json::parse(stack_json(view))["processes"][0]["threads"][0]["frames"].size() == 100);
}

TEST_CASE("a folded line is one stack: its parts are parted by ';' alone and end in one number") {
  std::istringstream lines(stack_folded(stack_examples::hostile()));
  std::string line;
  REQUIRE(std::getline(lines, line));
  CHECK(std::count(line.begin(), line.end(), ';') == 1 + 100);
  CHECK(line.ends_with(" 1"));
  CHECK(line.find("evil\\x3b") != std::string::npos);

  auto twice = stack_examples::server();
  twice.processes[0].reading->threads[0] = twice.processes[0].reading->threads[1];
  CHECK(lines_with(stack_folded(twice), "pool-1") == 1);
  CHECK(stack_folded(twice).find("queue.py:171);wait (/usr/lib/python3.11/threading.py:320) 2\n") != std::string::npos);
}

TEST_CASE("a source line is cut at its end") {
  CHECK(detail::cut_at_end("return self.total", 17, false) == "return self.total");
  CHECK(detail::cut_at_end("return self.total", 16, false) == "return self.tot…");
  CHECK(detail::cut_at_end("return self.total", 16, true) == "return self.t...");
  CHECK(detail::cut_at_end("漢字漢字漢字", 8, false) == "漢字漢…");
  CHECK(detail::cut_at_end("\x07\x07", 80, false) == "\\x07\\x07");
}

TEST_CASE("a path loses directories from its middle, its file name last") {
  const std::string path = "/srv/shop/current/lib/python3.11/site-packages/shop/views/orders.py:218";
  CHECK(detail::shortened_path(path, 80, false) == path);
  CHECK(detail::shortened_path(path, 40, false) == "/srv/…/shop/views/orders.py:218");
  CHECK(detail::shortened_path(path, 40, true) == "/srv/.../shop/views/orders.py:218");
  CHECK(detail::shortened_path(path, 24, false) == "/srv/…/orders.py:218");
  CHECK(detail::shortened_path(path, 13, false) == "orders.py:218");
  CHECK(detail::shortened_path(path, 8, false) == "ord…:218");
  CHECK(detail::shortened_path("lib/a/b/c.py:1", 12, false) == "lib/…/c.py:1");
  CHECK(detail::shortened_path("<frozen importlib._bootstrap>:241", 20, false) == "<frozen i…strap>:241");
}
