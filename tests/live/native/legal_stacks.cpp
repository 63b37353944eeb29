#include "legal_stacks.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

namespace tidemark::oracle {

namespace {

LegalFrame frame_of(const nlohmann::json& level) {
  LegalFrame frame{.function = level.at("function"),
                   .lines = level.at("lines"),
                   .may_lack_line = level.value("may_lack_line", false)};
  std::ranges::sort(frame.lines);
  return frame;
}

}  // namespace

LegalStacks::LegalStacks(const std::string& path) {
  std::ifstream in(path);
  const auto truth = nlohmann::json::parse(in);
  file_ = truth.at("file");
  for (const auto& stack : truth.at("legal")) {
    std::vector<LegalFrame> pattern;
    for (auto level = stack.rbegin(); level != stack.rend(); ++level) pattern.push_back(frame_of(*level));
    patterns_.push_back(std::move(pattern));
  }
}

bool LegalStacks::has(const model::Frames& frames) const {
  const auto fits = [this](const model::FrameLocation& frame, const LegalFrame& level) {
    return (frame.line ? std::ranges::binary_search(level.lines, *frame.line) : level.may_lack_line) &&
           frame.code->function == level.function && frame.code->file == file_;
  };
  return std::ranges::any_of(patterns_, [&](const auto& pattern) { return std::ranges::equal(frames, pattern, fits); });
}

std::string text_of(const model::Frames& frames) {
  constexpr std::size_t max_shown = 6;
  std::string text;
  for (const auto& frame : frames) {
    if (&frame - frames.data() == max_shown) return text + " < …, " + std::to_string(frames.size()) + " frames";
    text += (text.empty() ? "" : " < ") + frame.code->function + ":" + (frame.line ? std::to_string(*frame.line) : "?");
  }
  return text;
}

}  // namespace tidemark::oracle
