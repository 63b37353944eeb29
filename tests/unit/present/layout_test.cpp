#include <doctest/doctest.h>

#include "detail/document.hpp"
#include "support.hpp"
#include "tidemark/present/units.hpp"

using namespace tidemark::present;
using namespace tidemark::present::detail;

namespace {

Document a_table(const std::string& first_name, const std::string& figure) {
  return {Table{.columns = {{"name", Align::left, true}, {"start"}, {"empty"}, {"verdict", Align::left}},
                .rows = {{first_name, figure, "", "steady"}, {name("ワーカー", {}), "1.0"}}}};
}

}  // namespace

TEST_CASE("columns are those of the terminal, not bytes") {
  CHECK(display_columns("") == 0);
  CHECK(display_columns("abc") == 3);
  CHECK(display_columns("é…") == 2);
  CHECK(display_columns("ワーカー") == 8);
}

TEST_CASE("a table lines up, leaves out what is empty and ends its lines without spaces") {
  CHECK(as_text(a_table("celery", "25600.0"), {}) ==
        "  name        start  verdict\n"
        "  celery    25600.0  steady\n"
        "  ワーカー      1.0\n");
}

TEST_CASE("a name too long for the table is cut, a figure never") {
  const TextStyle narrow{.width = 30};
  const std::string text = as_text(a_table(std::string(70, 'n'), "25600.0"), narrow);
  CHECK(widest_line(text) == 30);
  CHECK(text.find("nnnn…nnnn") != std::string::npos);
  CHECK(text.find("25600.0") != std::string::npos);

  const std::string rows = as_text(a_table("celery", "8796093022208.0"), narrow);
  CHECK(rows ==
        "  celery: start\n"
        "  8796093022208.0, verdict\n"
        "  steady\n"
        "  ワーカー: start 1.0\n");
  const TextStyle ascii{.width = 30, .ascii = true};
  CHECK(as_text(a_table(std::string(70, 'n'), "25600.0"), ascii).find("nnn...nnn") != std::string::npos);
}

TEST_CASE("sentences wrap at the width, and a word longer than it is broken") {
  CHECK(wrapped("one two three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(wrapped("  spaces   are one ", 80) == std::vector<std::string>{"spaces are one"});
  CHECK(wrapped("ab 0123456789 cd", 4) == std::vector<std::string>{"ab", "0123", "4567", "89", "cd"});
  CHECK(wrapped("ワーカー", 3) == std::vector<std::string>{"ワ", "ー", "カ", "ー"});
  CHECK(wrapped("", 4).empty());
  CHECK(as_text({Sentences{.text = "one two three", .indent = 2}}, {.width = 9}) == "  one two\n  three\n");
}

TEST_CASE("facts hang under their words") {
  const Document facts{Facts{{{"peak", "one two"}, {"cpu", "three"}}}};
  CHECK(as_text(facts, {.width = 13}) == "  peak  one\n        two\n  cpu   three\n");
  CHECK(as_markdown(facts) == "- **peak:** one two\n- **cpu:** three\n");
}

TEST_CASE("an empty line opens a part") {
  const Document document{Heading{"a.csv", 1}, Sentences{"x"},  Sentences{.text = "y", .apart = true},
                          Sentences{"z"},      Heading{"Part"}, Facts{},
                          Facts{{{"a", "b"}}}, Drawing{"|\n"}};
  CHECK(as_text(document, {}) == "a.csv\nx\n\ny\nz\n\nPart\n  a  b\n\n|\n");
  CHECK(as_markdown(document) == "## a.csv\n\nx\n\ny\n\nz\n\n### Part\n\n- **a:** b\n\n```text\n|\n```\n");
}

TEST_CASE("names of processes cannot mark up, nor leave their table") {
  const TextStyle style;
  const Document table{Table{{{"a|b"}}, {{name("x|`y``z`", style)}, {said("*x* <b> a|b @c")}}}};
  CHECK(as_markdown(table) == "| a\\|b |\n|--:|\n| ``` x\\|`y``z` ``` |\n| \\*x\\* \\<b\\> a\\|b @c |\n");
  CHECK(as_markdown({Sentences{"see " + name("a|b\nc", style)}}) == "see `a|b\\x0ac`\n");
  CHECK(as_text({Sentences{name("\x1b[31m\x01\x03", style) + said("\x02\x1b[0m")}}, {}) ==
        "\\x1b[31m\\x01\\x03\\x02\\x1b[0m\n");
}

TEST_CASE("colour is only for what is strong, and only when asked for") {
  const Document document{Sentences{strong("Growing") + ": much"}};
  CHECK(as_text(document, {}) == "Growing: much\n");
  CHECK(as_text(document, {.colour = true}) == "\x1b[1mGrowing\x1b[0m: much\n");
  CHECK(as_markdown(document) == "**Growing**: much\n");
}

TEST_CASE("hours and instants") {
  CHECK(hours(0.5) == "30 min");
  CHECK(hours(7.42) == "7.4 h");
  CHECK(hours(27.2) == "27 h");
  CHECK(hours(240) == "10 days");
  CHECK(wall_time(1763704380123000000) == "2025-11-21 05:53:00 UTC");
  CHECK(signed_megabytes(-1) == "+0.0 MB");
}
