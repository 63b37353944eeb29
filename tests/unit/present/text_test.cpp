#include <doctest/doctest.h>

#include <sstream>

#include "tidemark/present/recording_text.hpp"
#include "tidemark/present/units.hpp"

using namespace tidemark::present;
namespace model = tidemark::model;

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

model::RecordingEnd an_end() {
  model::RecordingEnd end;
  end.ticks = 21;
  end.rows = 42;
  end.processes = 2;
  end.short_lived = 3;
  end.own_cpu_ns = 20'000'000;
  end.own_peak_rss = 6 * mb;
  end.target_bytes_read = 65'536;
  return end;
}

constexpr std::int64_t twenty_seconds_ns = 20'000'000'000;

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
  CHECK(printable("ワーカーワーカー", 9) == "ワー…カー");
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

TEST_CASE("the books fit 80 columns and say what was seen") {
  const std::string text = recording_books(an_end(), twenty_seconds_ns);
  CHECK(widest_line(text) <= 80);
  CHECK(text.find("21 ticks in 20.0 s, 0 late, 0 lost; 42 rows of 2 processes.") != std::string::npos);
  CHECK(text.find("3 processes lived only between two ticks and have no row.") != std::string::npos);
  CHECK(text.find("Cost: 0.10 % of one core, own peak RSS 6.0 MB, 64.0 kB of target memory read") != std::string::npos);
}

TEST_CASE("a lower bound is called one") {
  auto end = an_end();
  end.short_lived_note = "a lower bound: the fork events of this kernel need CAP_NET_ADMIN";
  CHECK(recording_books(end, twenty_seconds_ns).find("At least 3 processes lived only between two ticks") !=
        std::string::npos);
}
