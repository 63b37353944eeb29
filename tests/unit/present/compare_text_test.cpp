#include <doctest/doctest.h>

#include "compare_examples.hpp"
#include "support.hpp"

using namespace tidemark;
using namespace tidemark::present;
using analysis::Change;

namespace {

bool says(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// What rules say is the report's to test.
CompareView without_rules() {
  CompareView view = examples::the_fix();
  view.rules.clear();
  return view;
}

/// The sentence of a whole with this growth.
std::string text_of(const analysis::MetricChange& growth, const TextStyle& style = {}) {
  CompareView view = examples::the_fix();
  for (auto& subject : view.compared.subjects) {
    for (auto& metric : subject.metrics) {
      if (metric.metric == growth.metric) metric = growth;
    }
  }
  return compare_text(view, style);
}

}  // namespace

TEST_CASE("golden: a comparison as text") {
  CHECK(compare_text(without_rules(), {}) == R"golden(before.csv and after.csv
  before  Peak retained: 0 % of 3867.3 MB was back over the last 25 % of the
          time; 3867.3 MB retained at the end.
  after   Peak released: 100 % of 3577.8 MB came back within 2:07.

Growth 3867.3 MB → 0.9 MB, 4297x less, beyond noise (95 %: -3867.9 MB to
-3864.9 MB).

All together
  figure      BEFORE   AFTER   change       ratio  noise
  peak MB     4500.0  3590.2   -909.8   1.3x less  within noise
  growth MB   3867.3     0.9  -3866.4  4297x less  better
  retained %   100.0     0.0   -100.0              better
  slope MB/h   310.5     0.0   -310.5   none left  within noise
  CPU mean %    31.2    33.0     +1.8   1.1x more  within noise
  CPU peak %   390.0   408.9    +18.9              worse
  duration     12:10   12:05   -5.0 s

By process name
  name       figure      BEFORE   AFTER   change       ratio  noise
  rq         peak MB     4500.0  3590.2   -909.8   1.3x less  within noise
  rq         growth MB   3867.3     0.9  -3866.4  4297x less  better
  rq         retained %   100.0     0.0   -100.0              better
  rq         CPU peak %   390.0   408.9    +18.9              worse
  helper.py  peak MB               20.0                       only after
  helper.py  growth MB              0.0                       only after

By phase, all together
  phase       figure     BEFORE   AFTER   change       ratio  noise
  long audio  peak MB    4500.0  3590.2   -909.8   1.3x less  within noise
  long audio  growth MB  3867.3     0.9  -3866.4  4297x less  better

Better or worse: the 95 % bootstrap interval of the difference leaves out 0 (as
one in 20 does by chance), and the difference is at least 0.5 MB or 0.5 % of the
peak, or 1 % of a core.
)golden");
}

TEST_CASE("golden: a comparison as Markdown") {
  CHECK(compare_markdown(without_rules(), {}) == R"golden(## `before.csv` and `after.csv`

- **before:** **Peak retained**: 0 % of 3867.3 MB was back over the last 25 % of the time; 3867.3 MB retained at the end.
- **after:** **Peak released**: 100 % of 3577.8 MB came back within 2:07.

**Growth 3867.3 MB → 0.9 MB, 4297x less**, beyond noise (95 %: -3867.9 MB to -3864.9 MB).

### All together

| figure | BEFORE | AFTER | change | ratio | noise |
|:--|--:|--:|--:|--:|:--|
| peak MB | 4500.0 | 3590.2 | -909.8 | 1.3x less | within noise |
| growth MB | 3867.3 | 0.9 | -3866.4 | 4297x less | **better** |
| retained % | 100.0 | 0.0 | -100.0 |  | **better** |
| slope MB/h | 310.5 | 0.0 | -310.5 | none left | within noise |
| CPU mean % | 31.2 | 33.0 | +1.8 | 1.1x more | within noise |
| CPU peak % | 390.0 | 408.9 | +18.9 |  | **worse** |
| duration | 12:10 | 12:05 | -5.0 s |  |  |

### By process name

| name | figure | BEFORE | AFTER | change | ratio | noise |
|:--|:--|--:|--:|--:|--:|:--|
| `rq` | peak MB | 4500.0 | 3590.2 | -909.8 | 1.3x less | within noise |
| `rq` | growth MB | 3867.3 | 0.9 | -3866.4 | 4297x less | **better** |
| `rq` | retained % | 100.0 | 0.0 | -100.0 |  | **better** |
| `rq` | CPU peak % | 390.0 | 408.9 | +18.9 |  | **worse** |
| `helper.py` | peak MB |  | 20.0 |  |  | only after |
| `helper.py` | growth MB |  | 0.0 |  |  | only after |

### By phase, all together

| phase | figure | BEFORE | AFTER | change | ratio | noise |
|:--|:--|--:|--:|--:|--:|:--|
| `long audio` | peak MB | 4500.0 | 3590.2 | -909.8 | 1.3x less | within noise |
| `long audio` | growth MB | 3867.3 | 0.9 | -3866.4 | 4297x less | **better** |

Better or worse: the 95 % bootstrap interval of the difference leaves out 0 (as one in 20 does by chance), and the difference is at least 0.5 MB or 0.5 % of the peak, or 1 % of a core.
)golden");
}

TEST_CASE("one sentence for each way growth can go") {
  const auto growth = [](double before, double after, Change change) {
    return text_of(examples::growth_change(before, after, change));
  };
  CHECK(says(growth(3867.3, 0.9, Change::better), "Growth 3867.3 MB → 0.9 MB, 4297x less, beyond noise"));
  CHECK(says(growth(2, 30, Change::worse), "Growth 2.0 MB → 30.0 MB, 15x more, beyond noise"));
  CHECK(says(growth(20, 25, Change::unclear), "Growth 20.0 MB → 25.0 MB, 1.2x more, within noise"));
  CHECK(says(growth(20, 20.5, Change::unclear), "Growth 20.0 MB → 20.5 MB, within noise"));
  CHECK(says(growth(20, -1, Change::better), "Growth 20.0 MB → no growth (-1.0 MB), beyond noise"));
  CHECK(says(growth(20, 0, Change::better), "Growth 20.0 MB → no growth (0.0 MB), beyond noise"));
  CHECK(says(growth(-2, -1, Change::unclear), "No growth before (-2.0 MB) nor after (-1.0 MB), within noise"));
  CHECK(says(growth(-2, 10, Change::worse), "Growth -2.0 MB → 10.0 MB, beyond noise"));
  CHECK(says(growth(20, 1, Change::not_judged), "20x less, not judged against noise: too few samples"));
  CHECK(says(text_of(examples::growth_change(20, 1, Change::better), {.ascii = true}), "20.0 MB -> 1.0 MB"));
}

TEST_CASE("no line is wider than asked for, whatever the names and figures") {
  for (const std::size_t width : {std::size_t{80}, std::size_t{60}, std::size_t{40}}) {
    for (const bool all : {false, true}) {
      const TextStyle style{.width = width, .all = all};
      CHECK(widest_line(compare_text(examples::the_fix(), style)) <= width);
      CHECK(widest_line(compare_text(examples::hostile_comparison(), style)) <= width);
    }
  }
  const std::string text = compare_text(examples::hostile_comparison(), {});
  CHECK_FALSE(says(text, "\x1b"));
  CHECK(says(text, "9536743"));  // 1e13 bytes in MB: figures are never cut
}

TEST_CASE("with ascii nothing that we draw is above 0x7F") {
  CompareView view = examples::hostile_comparison();
  view.compared.subjects[1].name = view.compared.phases[0].phase = std::string(90, 'n');
  const std::string text = compare_text(view, {.ascii = true});
  for (const char byte : text) REQUIRE(static_cast<unsigned char>(byte) < 0x80);
  CHECK(says(text, "nnn...nnn"));
}

TEST_CASE("a screen has the names whose growth changed most, --all has them all") {
  CompareView view = examples::the_fix();
  const auto name = view.compared.subjects[1];
  for (int i = 0; i < 20; ++i) {
    view.compared.subjects.push_back(name);
    view.compared.subjects.back().name = "name" + std::to_string(i);
  }
  const std::string short_text = compare_text(view, {});
  CHECK(says(short_text, "name5"));
  CHECK_FALSE(says(short_text, "name6"));
  CHECK(says(short_text, "And 14 more (--all shows them)."));
  const std::string text = compare_text(view, {.all = true});
  CHECK(says(text, "name19"));
  CHECK_FALSE(says(text, "--all"));
}

TEST_CASE("a recording without samples is said") {
  CompareView view;
  CHECK(says(compare_text(view, {}), "Neither recording has a sample."));
  view = examples::the_fix();
  view.compared.subjects.resize(1);
  view.compared.subjects[0].only_before = true;
  CHECK(says(compare_text(view, {}), "AFTER has no samples: nothing to compare."));
  CHECK_FALSE(compare_markdown(view, {}).empty());
  CHECK_FALSE(compare_json(view).empty());
}

TEST_CASE("the only name of both sides is the whole, and is said once") {
  CompareView view = examples::the_fix();
  view.compared.subjects.pop_back();
  const std::string text = compare_text(view, {});
  CHECK_FALSE(says(text, "All together"));
  CHECK_FALSE(says(text, "By process name"));
  CHECK(says(text, "\nrq\n"));
}

TEST_CASE("what could not be judged is said, with why") {
  CompareView view = examples::the_fix();
  CHECK_FALSE(says(compare_text(view, {}), "ot judged"));
  view.compared.subjects[0].metrics[0].change = Change::not_judged;
  const std::string text = compare_text(view, {.width = 400});
  CHECK(says(text, "not judged\n"));
  CHECK(says(text, " Not judged: fewer than 30 samples."));
}

TEST_CASE("a broken rule is named") {
  CompareView view = examples::the_fix();
  view.rules[0].broken = true;
  view.rules[0].value = 21 * examples::mb;
  CHECK(says(compare_text(view, {}), "Failed: growth>20MB: all together has 21.0 MB."));
}
