// Purpose: the bare CSV parser over a file, with its own defaults: what reading a recording costs at the least. Every
// row is iterated; with a column number that cell of each row is also taken as a number. Prints rows, seconds and peak
// RSS.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <csv.hpp>

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: csv_floor FILE [COLUMN]\n", stderr);
    return 2;
  }
  const auto begin = std::chrono::steady_clock::now();
  csv::CSVReader reader(argv[1]);
  csv::CSVRow row;
  std::size_t rows = 0;
  double sum = 0;
  const bool has_column = argc > 2;
  const auto column = has_column ? static_cast<std::size_t>(std::strtoul(argv[2], nullptr, 10)) : 0;
  while (reader.read_row(row)) {
    ++rows;
    if (has_column) sum += row[column].get<double>();
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("%zu rows, %.3f s, peak RSS %ld kB, sum %.1f\n", rows, seconds.count(), usage.ru_maxrss, sum);
  return 0;
}
