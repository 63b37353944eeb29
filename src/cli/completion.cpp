// The shells' completions: one writer for each shell, all from the same option texts.
#include <fmt/format.h>

#include <boost/program_options.hpp>

#include "tidemark/cli/manual.hpp"

namespace tidemark::cli {
namespace {

using Of = ValueKind::Of;

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string joined;
  for (const auto& word : words) {
    if (!joined.empty()) joined += between;
    joined += word;
  }
  return joined;
}

/// Safe within single quotes of a POSIX-like shell.
std::string quoted(std::string_view text) {
  std::string safe = "'";
  for (const char byte : text) {
    if (byte == '\'') {
      safe += "'\\''";
    } else {
      safe += byte;
    }
  }
  return safe + "'";
}

std::string names_of(const std::vector<Manual>& manuals) {
  std::vector<std::string> names;
  for (const auto& manual : manuals) names.push_back(manual.name);
  return join(names, " ");
}

// bash

std::string bash_reply(const ValueKind& kind) {
  switch (kind.of) {
    case Of::file:
      return "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";
    case Of::pid:
      return "mapfile -t COMPREPLY < <(compgen -W \"$(ps -eo pid= 2>/dev/null)\" -- \"$cur\")";
    case Of::choice:
      return fmt::format("mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$cur\")", join(kind.choices, " "));
    case Of::text:
      break;
  }
  return ":";
}

/// `"record -o"|"record --output") …; return;;`
std::string bash_values(const Manual& manual) {
  std::string cases;
  for (const auto& option : option_texts(manual)) {
    if (option.value.empty()) continue;
    std::string pattern = fmt::format("\"{} --{}\"", manual.name, option.long_name);
    if (!option.short_name.empty()) pattern += fmt::format("|\"{} -{}\"", manual.name, option.short_name);
    cases += fmt::format("    {}) {}; return ;;\n", pattern, bash_reply(kind_of_value(option.value)));
  }
  return cases;
}

std::string bash_words(const Manual& manual) {
  std::vector<std::string> options;
  for (const auto& option : option_texts(manual)) options.push_back("--" + option.long_name);
  return fmt::format(
      "    {})\n"
      "      if [[ $cur == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$cur\")\n"
      "      else {}; fi ;;\n",
      manual.name, join(options, " "), bash_reply(kind_of_value(manual.positional)));
}

std::string bash_script(const std::vector<Manual>& manuals) {
  std::string script =
      "# bash completion for tidemark, made by: tidemark completion bash\n"
      "_tidemark() {\n"
      "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} word\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then\n";
  script += fmt::format(
      "    mapfile -t COMPREPLY < <(compgen -W '{} --help --version' -- \"$cur\")\n"
      "    return\n  fi\n",
      names_of(manuals));
  script +=
      "  for word in \"${COMP_WORDS[@]:2:COMP_CWORD-2}\"; do\n"
      "    if [[ $word == -- ]]; then mapfile -t COMPREPLY < <(compgen -c -f -- \"$cur\"); return; fi\n"
      "  done\n"
      "  case \"$command $prev\" in\n";
  for (const auto& manual : manuals) script += bash_values(manual);
  script += "  esac\n  case $command in\n";
  for (const auto& manual : manuals) script += bash_words(manual);
  return script + "  esac\n}\ncomplete -F _tidemark tidemark\n";
}

// zsh

std::string zsh_text(std::string_view text) {
  std::string safe;
  for (const char byte : text) {
    if (byte == '[' || byte == ']' || byte == ':' || byte == '\\') safe += '\\';
    safe += byte;
  }
  return safe;
}

std::string zsh_action(const ValueKind& kind) {
  switch (kind.of) {
    case Of::file:
      return "_files";
    case Of::pid:
      return "_pids";
    case Of::choice:
      return "(" + join(kind.choices, " ") + ")";
    case Of::text:
      break;
  }
  return " ";
}

std::string zsh_option(const OptionText& option) {
  const bool takes_value = !option.value.empty();
  std::string value;
  if (takes_value) value = fmt::format(":{}:{}", zsh_text(option.value), zsh_action(kind_of_value(option.value)));
  const std::string text = quoted(fmt::format("[{}]{}", zsh_text(option.text), value));
  const std::string long_form = fmt::format("--{}{}", option.long_name, takes_value ? "=" : "");
  if (option.short_name.empty()) return (option.repeatable ? "'*'" : "") + long_form + text;
  const std::string short_form = fmt::format("-{}{}", option.short_name, takes_value ? "+" : "");
  const std::string once = option.repeatable ? "'*'" : fmt::format("'(-{} --{})'", option.short_name, option.long_name);
  return fmt::format("{}{{{},{}}}{}", once, short_form, long_form, text);
}

std::string zsh_command(const Manual& manual) {
  std::string lines = fmt::format("    {})\n      _arguments -s -S", manual.name);
  for (const auto& option : option_texts(manual)) lines += " \\\n        " + zsh_option(option);
  if (!manual.positional.empty()) {
    lines += " \\\n        " +
             quoted(fmt::format("*:{}:{}", zsh_text(manual.positional), zsh_action(kind_of_value(manual.positional))));
  }
  return lines + " ;;\n";
}

std::string zsh_script(const std::vector<Manual>& manuals) {
  std::string script =
      "#compdef tidemark\n"
      "# zsh completion for tidemark, made by: tidemark completion zsh\n"
      "_tidemark() {\n"
      "  if (( CURRENT == 2 )); then\n"
      "    local -a commands=(\n";
  for (const auto& manual : manuals) {
    script += "      " + quoted(manual.name + ":" + zsh_text(manual.summary)) + "\n";
  }
  script +=
      "    )\n"
      "    _describe -t commands 'tidemark command' commands\n"
      "    return\n  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n";
  for (const auto& manual : manuals) script += zsh_command(manual);
  return script + "  esac\n}\n_tidemark \"$@\"\n";
}

// fish

std::string fish_values(const ValueKind& kind) {
  switch (kind.of) {
    case Of::file:
      return " -r -F";
    case Of::pid:
      return " -x -a '(__fish_complete_pids)'";
    case Of::choice:
      return fmt::format(" -x -a '{}'", join(kind.choices, " "));
    case Of::text:
      break;
  }
  return " -x";
}

/// Within single quotes fish knows \' and \\.
std::string fish_quoted(std::string_view text) {
  std::string safe = "'";
  for (const char byte : text) {
    if (byte == '\'' || byte == '\\') safe += '\\';
    safe += byte;
  }
  return safe + "'";
}

std::string fish_script(const std::vector<Manual>& manuals) {
  std::string script =
      "# fish completion for tidemark, made by: tidemark completion fish\n"
      "complete -c tidemark -f\n";
  for (const auto& manual : manuals) {
    script += fmt::format("complete -c tidemark -n __fish_use_subcommand -a {} -d {}\n", manual.name,
                          fish_quoted(manual.summary));
  }
  for (const auto& manual : manuals) {
    const std::string line = fmt::format("complete -c tidemark -n '__fish_seen_subcommand_from {}'", manual.name);
    if (!manual.positional.empty()) script += line + fish_values(kind_of_value(manual.positional)) + "\n";
    for (const auto& option : option_texts(manual)) {
      script += line;
      if (!option.short_name.empty()) script += " -s " + option.short_name;
      script += " -l " + option.long_name;
      if (!option.value.empty()) script += fish_values(kind_of_value(option.value));
      script += " -d " + fish_quoted(option.text) + "\n";
    }
  }
  return script;
}

}  // namespace

std::string completion_script(std::string_view shell, const std::vector<Manual>& manuals) {
  if (shell == "bash") return bash_script(manuals);
  if (shell == "zsh") return zsh_script(manuals);
  if (shell == "fish") return fish_script(manuals);
  return {};
}

}  // namespace tidemark::cli
