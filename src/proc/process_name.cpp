#include "tidemark/proc/process_name.hpp"

#include <algorithm>
#include <vector>

#include "tidemark/proc/maps.hpp"

namespace tidemark::proc {
namespace {

bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_lower(char byte) { return byte >= 'a' && byte <= 'z'; }

std::string_view base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// The arguments; a last one without its NUL counts too.
std::vector<std::string_view> split_arguments(std::string_view raw) {
  std::vector<std::string_view> arguments;
  while (!raw.empty()) {
    const std::size_t end = std::min(raw.find('\0'), raw.size());
    arguments.push_back(raw.substr(0, end));
    raw.remove_prefix(std::min(end + 1, raw.size()));
  }
  return arguments;
}

/// What the options lead to.
struct Program {
  enum class Kind { none, module, script } kind = Kind::none;
  std::string_view text;
};

/// Walks the options of a Python command line.
class OptionWalk {
 public:
  explicit OptionWalk(const std::vector<std::string_view>& arguments) : arguments_(arguments) {}

  [[nodiscard]] Program program() {
    while (next_ < arguments_.size()) {
      const std::string_view argument = arguments_[next_];
      if (argument == "-") return {};  // stdin
      if (!argument.starts_with('-')) return {Program::Kind::script, argument};
      ++next_;
      if (argument == "--") {
        if (next_ < arguments_.size()) return {Program::Kind::script, arguments_[next_]};
        return {};
      }
      if (argument.starts_with("--")) {
        if (argument == "--check-hash-based-pycs") ++next_;
      } else if (cluster(argument.substr(1))) {
        return program_;
      }
    }
    return {};
  }

 private:
  /// "-Im pkg", "-bbs", "-Wdefault": true when the options end here (-c, -m).
  bool cluster(std::string_view letters) {
    for (std::size_t at = 0; at < letters.size(); ++at) {
      const char letter = letters[at];
      if (letter == 'c') return true;
      if (letter != 'm' && letter != 'W' && letter != 'X') continue;
      const std::string_view value = value_of(letters.substr(at + 1));
      if (letter == 'm' && !value.empty()) program_ = {Program::Kind::module, value};
      return letter == 'm';
    }
    return false;
  }

  /// An option's value: the rest of its argument, else the next argument.
  std::string_view value_of(std::string_view rest) {
    if (!rest.empty()) return rest;
    return next_ < arguments_.size() ? arguments_[next_++] : std::string_view();
  }

  const std::vector<std::string_view>& arguments_;
  std::size_t next_ = 1;  // behind argv[0]
  Program program_;
};

/// Empty when the command line names no program.
std::string_view program_name(std::string_view raw_command_line, std::string_view exe_name) {
  const auto arguments = split_arguments(raw_command_line);
  if (arguments.size() < 2) return {};
  if (!is_python_name(base_name(arguments.front())) && !is_python_name(exe_name)) return {};
  const Program program = OptionWalk(arguments).program();
  if (program.kind == Program::Kind::module) return program.text;
  if (program.kind != Program::Kind::script) return {};
  const std::string_view name = base_name(program.text);
  return name == "." || name == ".." ? std::string_view() : name;
}

}  // namespace

bool is_python_name(std::string_view name) {
  constexpr std::string_view prefix = "python";
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  const auto drop = [&name](bool (*belongs)(char)) {
    const auto end = std::find_if_not(name.begin(), name.end(), belongs);
    const auto count = static_cast<std::size_t>(end - name.begin());
    name.remove_prefix(count);
    return count;
  };
  drop(is_digit);
  while (name.starts_with('.')) {
    name.remove_prefix(1);
    if (drop(is_digit) == 0) return false;
  }
  drop(is_lower);
  return name.empty();
}

std::string process_name(std::string_view comm, std::string_view raw_command_line, std::string_view exe_name) {
  exe_name = base_name(without_deleted_mark(exe_name));
  std::string_view name = program_name(raw_command_line, exe_name);
  if (name.empty()) name = comm;
  if (name.empty()) name = exe_name;
  return std::string(name.substr(0, max_process_name_bytes));
}

}  // namespace tidemark::proc
