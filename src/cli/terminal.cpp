#include "detail/terminal.hpp"

#include <sys/ioctl.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace tidemark::cli {
namespace {

constexpr std::size_t usual_columns = 80;
constexpr std::size_t widest_columns = 120;

/// A terminal whose locale is not UTF-8 would show our characters as rubbish; a file or pipe takes them.
bool terminal_lacks_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale(value);
    return locale.find("UTF-8") == std::string_view::npos && locale.find("utf8") == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

std::size_t terminal_columns(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual_columns;
  return size.ws_col;
}

present::TextStyle style_of(int descriptor) {
  present::TextStyle style;
  if (!is_terminal(descriptor)) return style;
  style.width = std::clamp(terminal_columns(descriptor), usual_columns, widest_columns);
  const char* no_colour = std::getenv("NO_COLOR");
  style.colour = no_colour == nullptr || *no_colour == '\0';
  style.ascii = terminal_lacks_unicode();
  return style;
}

}  // namespace tidemark::cli
