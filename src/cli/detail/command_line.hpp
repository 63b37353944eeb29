// Purpose: reading a command line, the same for every command: words and options in, options or a usage error out.
// Boost's exceptions end here.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tidemark/cli/command.hpp"
#include "tidemark/cli/manual.hpp"
#include "tidemark/cli/usage.hpp"

namespace tidemark::cli {

/// A failed check on the way through a parser; parse_command turns it into its result.
struct Refused {
  UsageError error;
};

/// An empty hint becomes "see tidemark COMMAND --help".
[[noreturn]] void refuse(std::string message, std::string hint = {});

/// What was given.
class CommandLine {
 public:
  /// Throws Refused, or boost's own error. `words` says whether words without a dash are allowed.
  CommandLine(const Manual& manual, std::span<const std::string> arguments, bool words);

  [[nodiscard]] bool has(const char* option) const { return given_.count(option) != 0; }
  /// The value of an option that is given or has a default.
  [[nodiscard]] std::string text(const char* option) const { return given_[option].as<std::string>(); }
  /// All values of a repeatable option, none when it is not given.
  [[nodiscard]] std::vector<std::string> texts(const char* option) const;
  [[nodiscard]] std::vector<std::string> words() const { return texts("word"); }

  /// A time such as 5m; refused with the option's name when it is none.
  [[nodiscard]] std::int64_t time_ns(const char* option) const;

 private:
  boost::program_options::variables_map given_;
};

/// A time in `text`, refused in the words of `what` ("--interval").
[[nodiscard]] std::int64_t parse_time(const std::string& text, const std::string& what);

/// A process id in `text`, refused with `hint`.
[[nodiscard]] base::Pid parse_pid(const std::string& text, std::string hint = "a pid is a positive whole number");

/// Boost's words, with what the user typed made printable.
[[nodiscard]] std::string shown_error(const boost::program_options::error& error);

/// Runs `read(CommandLine)`. What was wrong comes back as a UsageError with a hint.
template <class Options, class Read>
std::variant<Options, UsageError, HelpWanted> parse_command(const Manual& manual,
                                                            std::span<const std::string> arguments, bool words,
                                                            Read read) {
  UsageError wrong;
  try {
    const CommandLine line(manual, arguments, words);
    if (line.has("help")) return HelpWanted{};
    return read(line);
  } catch (const Refused& refused) {
    wrong = refused.error;
  } catch (const boost::program_options::error& error) {
    wrong.message = shown_error(error);
  }
  if (wrong.hint.empty()) wrong.hint = "see tidemark " + manual.name + " --help";
  return wrong;
}

/// The help when `wrong` is null; the exit status.
[[nodiscard]] int print_usage(const Manual& manual, const UsageError* wrong, Streams& streams);

/// Prints help or what was wrong, else runs `action(options)`; the exit status.
template <class Options, class Action>
int run_parsed(const Manual& manual, const std::variant<Options, UsageError, HelpWanted>& parsed, Streams& streams,
               Action action) {
  if (const auto* options = std::get_if<Options>(&parsed)) return action(*options);
  return print_usage(manual, std::get_if<UsageError>(&parsed), streams);
}

}  // namespace tidemark::cli
