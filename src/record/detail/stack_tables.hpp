// Purpose: the stacks of a recording, interned: what was written once in a file is a number from then on. Written by
// JsonlEncoder, read by stack_resolver; the format is in docs/recording-format.md ("Stacks").
// Invariants: a line uses only numbers that an earlier line of the same file gave, so that each file of a rotated set
// reads by itself; all tables are bounded: one that would pass its cap is begun anew, and the line says so. Kept of a
// process is its last reading alone.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "tidemark/model/sample.hpp"
#include "tidemark/model/stack.hpp"

namespace tidemark::record::detail {

/// What each table holds before all are begun anew. A line with full tables stays below what our reader takes
/// (max_line_bytes of line_reader.hpp).
struct StackCaps {
  std::size_t string_bytes = std::size_t{4} << 20U;
  std::size_t threads = 16'384;
  std::size_t frames = 262'144;
};

/// A frame is itself with all its callers, so that stacks share their outer ends.
struct FrameKey {
  std::uint32_t caller = 0, function = 0, file = 0;
  std::int64_t line = 0;

  bool operator==(const FrameKey&) const = default;
};

/// What a thread is, as far as it does not change from tick to tick.
struct ThreadKey {
  std::int64_t interpreter = 0;
  base::Tid native_id = 0, outer_id = 0;
  std::uint64_t thread_id = 0;
  std::uint32_t name = 0;

  bool operator==(const ThreadKey&) const = default;
};

/// No string, no caller, no line. The files say null.
inline constexpr std::uint32_t no_entry = 0xFFFFFFFF;
inline constexpr std::int64_t no_line = -1;

class StackTables {
 public:
  explicit StackTables(StackCaps caps = {}) : caps_(caps) {}

  /// A new file begins: nothing has been written yet.
  void begin_file();
  /// The process has ended.
  void forget(const model::ProcessIdentity& process) { last_.erase(process); }

  /// Appends the lines of what the sample's stacks need and the file does not have yet, then gives the value of the
  /// sample's member `stacks` as JSON.
  [[nodiscard]] std::string append(std::string& out, const model::Tick& tick, const model::ProcessSample& sample);

 private:
  struct Hash {
    std::size_t operator()(const FrameKey& key) const;
    std::size_t operator()(const ThreadKey& key) const;
  };
  /// A thread in a reading, as numbers of the tables.
  struct Row {
    std::uint32_t thread = no_entry;
    std::uint32_t frame = no_entry;  ///< innermost; no_entry for a stack without frames
    bool has_frames = false;
    std::string state = {};  ///< of the letters G, R, I
    std::optional<model::Reason> failure = {};

    bool operator==(const Row&) const = default;
  };
  struct Last {
    std::uint64_t id = 0;
    std::shared_ptr<const model::StackReading> reading;  ///< keeps its frames, whose addresses are compared
    std::vector<Row> rows;
  };
  /// A table's new entries as JSON, until they are written.
  struct Fresh {
    std::uint64_t first = 0;
    std::string entries;
  };

  [[nodiscard]] bool intern(const model::StackReading& reading, const Last* last, std::vector<Row>& rows);
  void intern_what_fits(const model::StackReading& reading, std::vector<Row>& rows);
  [[nodiscard]] bool intern_row(const model::ThreadStack& thread, const Last* last, std::size_t place, Row& row);
  [[nodiscard]] bool intern_frames(const model::Frames& frames, std::uint32_t& innermost);
  [[nodiscard]] std::uint32_t string_number(const std::string& text);
  [[nodiscard]] std::uint32_t thread_number(const ThreadKey& key);
  [[nodiscard]] std::uint32_t frame_number(const FrameKey& key);
  void restart();
  void write_fresh(std::string& out, const model::Tick& tick);
  [[nodiscard]] std::string value_of(std::uint64_t id, const std::vector<Row>& rows, const model::StackReading& reading,
                                     const Last* last) const;

  StackCaps caps_;
  std::unordered_map<std::string, std::uint32_t> strings_;
  std::size_t string_bytes_ = 0;
  std::unordered_map<ThreadKey, std::uint32_t, Hash> threads_;
  std::unordered_map<FrameKey, std::uint32_t, Hash> frames_;
  Fresh fresh_strings_, fresh_threads_, fresh_frames_;
  bool restarted_ = false;  ///< and not said yet
  std::uint64_t next_reading_ = 0;
  std::map<model::ProcessIdentity, Last> last_;
};

}  // namespace tidemark::record::detail
