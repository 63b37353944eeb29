// Purpose: ticks and events as whole lines of CSV or JSONL, without any I/O.
// Invariant: everything that an encoder appends ends with a newline, and holds no other line break than between lines.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tidemark/model/event.hpp"
#include "tidemark/model/recording.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::record {

enum class Format {
  csv,
  jsonl,
  objects,  ///< the censuses beside a CSV: a CSV of its own (objects.hpp)
};

class Encoder {
 public:
  Encoder() = default;
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  virtual ~Encoder() = default;

  /// The line with which each file begins.
  [[nodiscard]] virtual const std::string& header_line() const = 0;
  /// What is appended next begins a file: nothing that was appended before is in it. False when that makes no
  /// difference to what is appended.
  virtual bool begin_file() { return false; }
  /// Nothing for a format that has no line for events.
  virtual void append_event(std::string& out, const model::Event& event) = 0;
  /// One line per process.
  virtual void append_tick(std::string& out, const model::Tick& tick) = 0;
};

/// RFC 4180 with LF line ends; events are not shown (the phase is a column of the rows).
class CsvEncoder final : public Encoder {
 public:
  CsvEncoder();
  [[nodiscard]] const std::string& header_line() const override { return header_; }
  void append_event(std::string& out, const model::Event& event) override;
  void append_tick(std::string& out, const model::Tick& tick) override;

 private:
  std::string header_;
};

/// A row for each type of each census, as CsvEncoder writes them; nothing for a tick without one.
class ObjectsEncoder final : public Encoder {
 public:
  ObjectsEncoder();
  [[nodiscard]] const std::string& header_line() const override { return header_; }
  void append_event(std::string& out, const model::Event& event) override;
  void append_tick(std::string& out, const model::Tick& tick) override;

 private:
  std::string header_;
};

namespace detail {
class StackTables;
}

/// One JSON object per line; each has `type`, `timestamp` and `elapsed_seconds`. Stacks are interned: a sample refers
/// to what lines before it in the same file have said.
class JsonlEncoder final : public Encoder {
 public:
  explicit JsonlEncoder(const model::RecordingHeader& header);
  ~JsonlEncoder() override;
  [[nodiscard]] const std::string& header_line() const override { return header_; }
  bool begin_file() override;
  void append_event(std::string& out, const model::Event& event) override;
  void append_tick(std::string& out, const model::Tick& tick) override;

 private:
  std::string header_;
  std::unique_ptr<detail::StackTables> stacks_;
};

[[nodiscard]] std::unique_ptr<Encoder> make_encoder(Format format, const model::RecordingHeader& header);

}  // namespace tidemark::record
