#include <fmt/format.h>

#include <unordered_map>
#include <vector>

#include "detail/document.hpp"
#include "detail/stack_parts.hpp"
#include "tidemark/present/stack.hpp"

namespace tidemark::present {
namespace detail {
namespace {

/// ';' parts the frames of a folded line.
std::string folded(std::string text) {
  for (std::size_t at = text.find(';'); at != std::string::npos; at = text.find(';', at)) text.replace(at, 1, "\\x3b");
  return text;
}

std::string folded_line(const StackProcess& process, const model::ThreadStack& thread) {
  std::string line = folded(fmt::format("{}({})", said(process.name), process.pid)) + ";";
  line += folded(fmt::format("{}({})", thread.name ? said(*thread.name) : std::string("thread"),
                             thread.native_id == 0 ? std::string("?") : std::to_string(thread.native_id)));
  for (auto frame = thread.frames->rbegin(); frame != thread.frames->rend(); ++frame) {
    line += ";" + folded(fmt::format("{} ({})", function_of(*frame), place_of(*frame)));
  }
  return line;
}

}  // namespace
}  // namespace detail

std::string stack_folded(const StackView& view) {
  std::vector<std::pair<std::string, std::size_t>> lines;
  std::unordered_map<std::string, std::size_t> places;
  for (const auto& process : view.processes) {
    if (!process.reading) continue;
    for (const auto& thread : process.reading->threads) {
      if (!thread.frames || thread.frames->empty()) continue;
      std::string line = detail::folded_line(process, thread);
      const auto [place, is_new] = places.try_emplace(line, lines.size());
      if (is_new) lines.emplace_back(std::move(line), 0);
      ++lines[place->second].second;
    }
  }
  std::string text;
  for (const auto& [line, count] : lines) text += fmt::format("{} {}\n", line, count);
  return text;
}

}  // namespace tidemark::present
