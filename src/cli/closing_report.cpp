#include "detail/closing_report.hpp"

#include <algorithm>
#include <filesystem>

#include "detail/read_back.hpp"
#include "tidemark/analysis/report.hpp"
#include "tidemark/present/recording_text.hpp"

namespace tidemark::cli {
namespace {

bool can_be_read_again(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

/// JSONL before CSV: it has the fields of the marks.
std::string file_to_report(const std::vector<std::string>& files) {
  std::string chosen;
  for (const auto& file : files) {
    if (can_be_read_again(file) && (chosen.empty() || file.ends_with(".jsonl"))) chosen = file;
  }
  return chosen;
}

std::string list_of_files(const std::vector<std::string>& files) {
  std::string lines;
  for (const auto& file : files) lines += "Recording: " + file + "\n";
  return lines;
}

std::string books_only(const Closing& closing, const std::string& why) {
  std::string text = present::recording_books(closing.end, closing.elapsed_ns);
  for (const auto& note : closing.notes) text += note + "\n";
  return text + why + "\n" + list_of_files(closing.files);
}

}  // namespace

std::string closing_report(const Closing& closing, const present::TextStyle& style) {
  const std::string file = file_to_report(closing.files);
  if (file.empty()) {
    return books_only(closing,
                      "No report: the rows were not kept in a file. Save them to FILE and run tidemark report FILE.");
  }
  const auto read = read_back({file});
  if (const auto* failure = std::get_if<Failure>(&read)) return books_only(closing, "No report: " + failure->message);
  const auto& one = std::get<std::vector<ReadBack>>(read).front();

  // After --append over a restart of the machine the last part is ours.
  present::ReportView view;
  view.file = file;
  view.files = one.paths();
  view.notes = one.notes;
  view.notes.insert(view.notes.end(), closing.notes.begin(), closing.notes.end());
  view.report = analysis::make_report(one.recordings.back(), {});
  view.report.end = closing.end;
  return present::report_text(view, style) + list_of_files(closing.files);
}

}  // namespace tidemark::cli
