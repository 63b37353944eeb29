#include <doctest/doctest.h>

#include <sstream>

#include "tidemark/present/recording_text.hpp"
#include "tidemark/present/units.hpp"

using namespace tidemark::present;

namespace {

constexpr std::uint64_t mb = 1024 * 1024;

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::size_t widest = 0;
  while (std::getline(lines, line)) {
    std::size_t columns = 0;
    for (const char byte : line) columns += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U ? 1 : 0;
    widest = std::max(widest, columns);
  }
  return widest;
}

SummaryView a_view() {
  SummaryView view;
  view.duration_ns = 20'000'000'000;
  view.rows.push_back({.name = "worker.py",
                       .pid = 4951,
                       .start = 14 * mb,
                       .peak = 3591 * mb,
                       .end = 15 * mb,
                       .growth_bytes = static_cast<std::int64_t>(mb),
                       .has_cpu = true,
                       .mean_cpu_percent = 78.71,
                       .python = "3.11.2"});
  view.rows.push_back({.name = "a_worker_with_a_name_that_no_table_can_hold.py",
                       .pid = 4194304,
                       .start = 102400 * mb,
                       .peak = 102400 * mb,
                       .end = 1,
                       .growth_bytes = -static_cast<std::int64_t>(102400 * mb),
                       .python = ""});
  view.tree = {.name = "all together", .start = 2, .peak = 3, .end = 4, .python = ""};
  view.end.ticks = 21;
  view.end.rows = 42;
  view.end.processes = 2;
  view.end.short_lived = 3;
  view.end.own_cpu_ns = 20'000'000;
  view.end.own_peak_rss = 6 * mb;
  view.end.target_bytes_read = 65'536;
  view.files = {"/tmp/a.csv"};
  return view;
}

}  // namespace

TEST_CASE("figures have units") {
  CHECK(megabytes(311.0 * static_cast<double>(mb)) == "311.0 MB");
  CHECK(signed_megabytes(0.9 * static_cast<double>(mb)) == "+0.9 MB");
  CHECK(duration(4'200'000'000) == "4.2 s");
  CHECK(duration(725'000'000'000) == "12:05");
  CHECK(duration(11'045'000'000'000) == "3:04:05");
}

TEST_CASE("long and odd names are cut to their width and cannot drive a terminal") {
  CHECK(printable("short", 10) == "short");
  CHECK(printable("0123456789abc", 9) == "0123…9abc");
  CHECK(printable("\x1b[31mred", 40) == "\\x1b[31mred");
  CHECK(printable("ワーカーワーカー", 5) == "ワー…カー");
}

TEST_CASE("the progress line never passes the width, and drops from its end") {
  const ProgressView view{.elapsed_ns = 65'000'000'000,
                          .processes = 3,
                          .rss_now = 311 * mb,
                          .rss_peak = 400 * mb,
                          .growth_bytes = 10,
                          .growth_per_hour_bytes = static_cast<std::int64_t>(1080 * mb),
                          .has_growth_per_hour = true,
                          .phase = "job 1"};
  CHECK(progress_line(view, 79) == "1:05 | 3 processes | RSS 311.0 MB | peak 400.0 MB | +1080.0 MB/h | phase job 1");
  CHECK(progress_line(view, 77) == "1:05 | 3 processes | RSS 311.0 MB | peak 400.0 MB | +1080.0 MB/h | phase j… 1");
  CHECK(progress_line(view, 76) == "1:05 | 3 processes | RSS 311.0 MB | peak 400.0 MB | +1080.0 MB/h");
  CHECK(progress_line(view, 40) == "1:05 | 3 processes | RSS 311.0 MB");
  CHECK(progress_line(view, 3).empty());
}

TEST_CASE("the closing screen fits 80 columns and says what was seen") {
  const std::string text = recording_summary(a_view());
  CHECK(widest_line(text) <= 80);
  CHECK(text.find("worker.py                    4951     14.0   3591.0     15.0      +1.0   78.7") !=
        std::string::npos);
  CHECK(text.find("21 ticks in 20.0 s, 0 late, 0 lost; 42 rows of 2 processes.") != std::string::npos);
  CHECK(text.find("3 processes lived only between two ticks and have no row.") != std::string::npos);
  CHECK(text.find("Cost: 0.10 % of one core, own peak RSS 6.0 MB, 64.0 kB of target memory read") != std::string::npos);
  CHECK(text.find("Recording: /tmp/a.csv") != std::string::npos);
}

TEST_CASE("a lower bound is called one") {
  SummaryView view = a_view();
  view.end.short_lived_note = "a lower bound: the fork events of this kernel need CAP_NET_ADMIN";
  CHECK(recording_summary(view).find("At least 3 processes lived only between two ticks") != std::string::npos);
}
