// Purpose: what a command says of itself, once: --help, the manual page and the shells' completions are made from it.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace tidemark::cli {

struct Example {
  std::string command;
  std::string what;  ///< what it is for; may be empty
};

struct Manual {
  std::string name;                   ///< "record"
  std::string summary;                ///< one line, lower case, without a full stop
  std::vector<std::string> synopsis;  ///< "tidemark record -p PID [-p PID…] [options]"
  std::string description;            ///< paragraphs, wrapped at 80 columns
  boost::program_options::options_description options{"Options", 80, 40};
  std::vector<Example> examples;
  std::string exit_status;  ///< paragraph, wrapped
  /// What a word without a dash may be, for completion: "FILE", "WORD" or a choice "bash|zsh|fish".
  std::string positional;
};

/// One option, as the makers of pages need it.
struct OptionText {
  std::string long_name;   ///< "interval"
  std::string short_name;  ///< "i"; empty when there is none
  std::string value;       ///< "TIME", "auto|off|SECONDS"; empty for a flag
  std::string default_value;
  std::string text;
  bool repeatable = false;
};

/// What may stand where a value is asked for, as its name says: "FILE", "PID", choices ("text|json"), or any text.
struct ValueKind {
  enum class Of { text, file, pid, choice } of = Of::text;
  std::vector<std::string> choices;
};
[[nodiscard]] ValueKind kind_of_value(const std::string& value_name);

[[nodiscard]] std::vector<OptionText> option_texts(const Manual& manual);

/// `tidemark NAME --help`.
[[nodiscard]] std::string help_text(const Manual& manual);

/// The whole program's page in man(7) macros, section 1.
[[nodiscard]] std::string man_page(const std::vector<Manual>& manuals, std::string_view version);

/// Completion for "bash", "zsh" or "fish"; empty for another shell.
[[nodiscard]] std::string completion_script(std::string_view shell, const std::vector<Manual>& manuals);

}  // namespace tidemark::cli
