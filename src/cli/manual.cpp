#include "tidemark/cli/manual.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cctype>
#include <sstream>

namespace tidemark::cli {

namespace po = boost::program_options;

namespace {

/// "TIME (=1s)" as Boost writes it, in its two halves.
void split_parameter(const std::string& parameter, OptionText& option) {
  const auto begin = parameter.find(" (=");
  option.value = parameter.substr(0, begin);
  if (begin == std::string::npos) return;
  option.default_value = parameter.substr(begin + 3, parameter.size() - begin - 4);
}

}  // namespace

std::vector<OptionText> option_texts(const Manual& manual) {
  std::vector<OptionText> texts;
  for (const auto& option : manual.options.options()) {
    OptionText text;
    text.long_name = option->long_name();
    const auto brief = option->canonical_display_name(po::command_line_style::allow_dash_for_short);
    if (brief.starts_with("-") && !brief.starts_with("--")) text.short_name = brief.substr(1);
    if (option->semantic()->max_tokens() > 0) split_parameter(option->format_parameter(), text);
    text.text = option->description();
    text.repeatable = option->semantic()->is_composing();
    texts.push_back(std::move(text));
  }
  return texts;
}

ValueKind kind_of_value(const std::string& value_name) {
  if (value_name == "FILE") return {ValueKind::Of::file, {}};
  if (value_name == "PID") return {ValueKind::Of::pid, {}};
  ValueKind kind;
  std::string word;
  std::istringstream words(value_name);
  while (std::getline(words, word, '|')) {
    const bool literal =
        !word.empty() && std::all_of(word.begin(), word.end(), [](char byte) { return byte >= 'a' && byte <= 'z'; });
    if (literal) kind.choices.push_back(word);
  }
  if (!kind.choices.empty()) kind.of = ValueKind::Of::choice;
  return kind;
}

std::string help_text(const Manual& manual) {
  std::string summary = manual.summary;
  if (!summary.empty()) summary.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(summary.front())));
  std::string text = summary + ".\n\n";
  for (std::size_t i = 0; i < manual.synopsis.size(); ++i) {
    text += (i == 0 ? "Usage: " : "       ") + manual.synopsis[i] + "\n";
  }
  if (!manual.description.empty()) text += "\n" + manual.description;
  text += fmt::format("\n{}\nExamples:\n", fmt::streamed(manual.options));
  for (const auto& example : manual.examples) text += "  " + example.command + "\n";
  if (!manual.exit_status.empty()) text += "\nExit status: " + manual.exit_status;
  return text;
}

}  // namespace tidemark::cli
