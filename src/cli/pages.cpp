// `tidemark man` and `tidemark completion SHELL`: pages made from the commands' own option descriptions.
#include <iostream>

#include "detail/command_line.hpp"
#include "tidemark/cli/command.hpp"

namespace tidemark::cli {
namespace {

std::vector<Manual> all_manuals() {
  std::vector<Manual> manuals;
  for (const auto& command : commands()) manuals.push_back(command.manual());
  return manuals;
}

struct Words {
  std::vector<std::string> words;
};

auto parse_words(const Manual& manual, std::span<const std::string> arguments) {
  return parse_command<Words>(manual, arguments, true, [](const CommandLine& line) { return Words{line.words()}; });
}

}  // namespace

Manual man_manual() {
  Manual manual;
  manual.name = "man";
  manual.summary = "print the manual page";
  manual.synopsis = {"tidemark man"};
  manual.description = "The page is in man(7) macros, for man -l or a directory in MANPATH.\n";
  manual.options.add_options()("help,h", "this text");
  manual.examples = {{"tidemark man | man -l -", "read it"},
                     {"tidemark man > ~/.local/share/man/man1/tidemark.1", "keep it where man looks"}};
  return manual;
}

int run_man(std::span<const std::string> arguments, Streams& streams) {
  const Manual manual = man_manual();
  return run_parsed(manual, parse_words(manual, arguments), streams, [&](const Words& given) {
    if (!given.words.empty()) {
      const UsageError wrong{"one page holds all commands", "tidemark man takes no word"};
      return print_usage(manual, &wrong, streams);
    }
    streams.out << man_page(all_manuals(), TIDEMARK_VERSION);
    return static_cast<int>(ExitStatus::done);
  });
}

Manual completion_manual() {
  Manual manual;
  manual.name = "completion";
  manual.summary = "print the completion for a shell";
  manual.synopsis = {"tidemark completion bash|zsh|fish"};
  manual.description = "Commands, options, files and process ids are completed.\n";
  manual.options.add_options()("help,h", "this text");
  manual.positional = "bash|zsh|fish";
  manual.examples = {
      {"source <(tidemark completion bash)", "in this bash"},
      {"tidemark completion zsh > ~/.zfunc/_tidemark", "a directory of zsh's fpath"},
      {"tidemark completion fish > ~/.config/fish/completions/tidemark.fish", "for fish"},
  };
  return manual;
}

int run_completion(std::span<const std::string> arguments, Streams& streams) {
  const Manual manual = completion_manual();
  return run_parsed(manual, parse_words(manual, arguments), streams, [&](const Words& given) {
    const std::string script =
        given.words.size() == 1 ? completion_script(given.words.front(), all_manuals()) : std::string();
    if (script.empty()) {
      const UsageError wrong{"which shell?", "tidemark completion bash, zsh or fish"};
      return print_usage(manual, &wrong, streams);
    }
    streams.out << script;
    return static_cast<int>(ExitStatus::done);
  });
}

}  // namespace tidemark::cli
