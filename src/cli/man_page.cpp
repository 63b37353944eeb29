// The manual page in man(7) macros: escaped so that a dash stays a dash and no text is taken for a macro.
#include <fmt/format.h>

#include "tidemark/cli/manual.hpp"

namespace tidemark::cli {
namespace {

/// Dashes that can be copied, backslashes that show, and characters beyond ASCII by their names (groff_char(7)).
std::string roff(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> named[] = {
      {"…", "\\&..."}, {"–", "\\(en"}, {"→", "\\(->"}, {"×", "\\(mu"}};
  std::string escaped;
  for (std::size_t at = 0; at < text.size();) {
    std::string_view character = text.substr(at, 1);
    std::string written(character);
    if (character == "-") written = "\\-";
    if (character == "\\") written = "\\e";
    for (const auto& [from, to] : named) {
      if (text.substr(at).starts_with(from)) {
        character = from;
        written = to;
      }
    }
    escaped += written;
    at += character.size();
  }
  return escaped;
}

/// Lines that begin with a dot or quote would be macros.
std::string paragraphs(std::string_view text) {
  std::string page;
  bool line_begins = true;
  for (const char byte : roff(text)) {
    if (line_begins && (byte == '.' || byte == '\'')) page += "\\&";
    if (line_begins && byte == '\n') {
      page += ".PP";
    }
    page += byte;
    line_begins = byte == '\n';
  }
  return page;
}

std::string option_entry(const OptionText& option) {
  std::string head;
  if (!option.short_name.empty()) head += fmt::format("\\fB\\-{}\\fR, ", roff(option.short_name));
  head += fmt::format("\\fB\\-\\-{}\\fR", roff(option.long_name));
  if (!option.value.empty()) head += fmt::format(" \\fI{}\\fR", roff(option.value));
  std::string text = paragraphs(option.text);
  if (!option.default_value.empty()) text += fmt::format(" (default: {})", roff(option.default_value));
  return fmt::format(".TP\n{}\n{}\n", head, text);
}

std::string verbatim(std::string_view text) { return fmt::format(".nf\n{}\n.fi\n", paragraphs(text)); }

std::string upper(std::string text) {
  for (char& byte : text) byte = static_cast<char>(std::toupper(static_cast<unsigned char>(byte)));
  return text;
}

std::string command_section(const Manual& manual) {
  std::string page = fmt::format(".SH {}\n{}.\n.PP\n", upper(manual.name), paragraphs(manual.summary));
  std::string usage;
  for (const auto& line : manual.synopsis) usage += (usage.empty() ? "" : "\n") + line;
  page += verbatim(usage) + ".PP\n" + paragraphs(manual.description) + "\n.SS Options\n";
  for (const auto& option : option_texts(manual)) page += option_entry(option);
  page += ".SS Examples\n";
  for (const auto& example : manual.examples) {
    page += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(example.command), paragraphs(example.what));
  }
  if (!manual.exit_status.empty()) page += ".SS Exit status\n" + paragraphs(manual.exit_status) + "\n";
  return page;
}

}  // namespace

std::string man_page(const std::vector<Manual>& manuals, std::string_view version) {
  std::string page = fmt::format(
      ".TH TIDEMARK 1 \"\" \"tidemark {}\" \"User Commands\"\n"
      ".nh\n.ad l\n"  // an option or example is never hyphenated, nor its blanks stretched
      ".SH NAME\ntidemark \\- where the memory of a running Python process goes\n"
      ".SH SYNOPSIS\n\\fBtidemark\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]\n"
      ".SH DESCRIPTION\n"
      "tidemark attaches to a running CPython process from outside, without restart, code change or anything\n"
      "installed in it, and says how its memory behaves. The target is neither stopped nor written to.\n"
      ".PP\nThe commands:\n",
      version);
  for (const auto& manual : manuals) {
    page += fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(manual.name), paragraphs(manual.summary));
  }
  for (const auto& manual : manuals) page += command_section(manual);
  page +=
      ".SH ENVIRONMENT\n.TP\n\\fBNO_COLOR\\fR\nwhen set, nothing is coloured.\n"
      ".SH SEE ALSO\n\\fBproc\\fR(5), \\fBcgroups\\fR(7), \\fBsmem\\fR(8)\n";
  return page;
}

}  // namespace tidemark::cli
