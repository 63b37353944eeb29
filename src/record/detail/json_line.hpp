// Purpose: writes one JSON object as a line, in the order of the calls, with the recording's own text and numbers.
// Invariant: the caller closes what it opens; keys are names of ours or escaped like any text.
#pragma once

#include <string>
#include <string_view>

#include "tidemark/record/columns.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record::detail {

class JsonLine {
 public:
  /// Begins with `type`, `timestamp` and `elapsed_seconds`, as every line does.
  JsonLine(std::string& out, std::string_view type, std::int64_t wall_ns, std::int64_t elapsed_ns) : out_(out) {
    out_ += '{';
    field("type", type);
    field("timestamp", Instant{wall_ns});
    field("elapsed_seconds", seconds(elapsed_ns));
  }

  void field(std::string_view key, const Value& value) {
    begin(key);
    append_json(out_, value);
  }
  /// A text that is not a cell: uncut.
  void text(std::string_view key, std::string_view value) {
    begin(key);
    append_json_string(out_, value);
  }
  /// A value that is JSON already.
  void raw(std::string_view key, std::string_view json) {
    begin(key);
    out_ += json;
  }
  void open(std::string_view key) { open_with(key, '{'); }
  void open_list(std::string_view key) { open_with(key, '['); }
  void open_item() {
    comma();
    out_ += '{';
    first_ = true;
  }
  void item(const Value& value) {
    comma();
    append_json(out_, value);
  }
  void text_item(std::string_view value) {
    comma();
    append_json_string(out_, value);
  }
  void close() { close_with('}'); }
  void close_list() { close_with(']'); }
  void end() { out_ += "}\n"; }

 private:
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  void begin(std::string_view key) {
    comma();
    append_json_string(out_, key);
    out_ += ':';
  }
  void open_with(std::string_view key, char bracket) {
    begin(key);
    out_ += bracket;
    first_ = true;
  }
  void close_with(char bracket) {
    out_ += bracket;
    first_ = false;
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace tidemark::record::detail
