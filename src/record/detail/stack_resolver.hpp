// Purpose: the inverse of StackTables: interned stacks back to values. Invariants: the file is hostile input: a number
// is checked before use, callers come before their frames (so that there are no cycles), and what one reading unfolds
// to is capped.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "stack_tables.hpp"
#include "tidemark/model/stack.hpp"

namespace tidemark::record::detail {

/// Frames of all different stacks of one reading together.
inline constexpr std::size_t max_unfolded_frames = 4'000'000;

class StackResolver {
 public:
  using Json = nlohmann::json;
  using Reading = std::shared_ptr<const model::StackReading>;

  void begin_file();
  /// A `stacks` line. False when it does not fit to what came before; its good part is kept.
  [[nodiscard]] bool take_tables(const Json& line);
  /// The member `stacks` of a sample of `process` (any text that names it). Null when it cannot be resolved.
  [[nodiscard]] Reading resolve(const std::string& process, const Json& stacks);
  void forget(const std::string& process) { last_.erase(process); }

 private:
  struct Last {
    std::uint64_t id = 0;
    Reading reading;
    std::vector<std::uint32_t> threads;  ///< as numbers, in the order of the reading
  };
  /// A reading in the making.
  struct Building {
    model::StackReading reading;
    std::vector<std::uint32_t> threads;
    std::unordered_map<std::uint32_t, std::shared_ptr<const model::Frames>> stacks;  ///< by innermost frame
    std::size_t unfolded = 0;
  };

  [[nodiscard]] bool take_string(const Json& entry);
  [[nodiscard]] bool take_thread(const Json& entry);
  [[nodiscard]] bool take_frame(const Json& entry);
  [[nodiscard]] std::shared_ptr<const model::CodeInfo> code_of(std::uint32_t function, std::uint32_t file);
  [[nodiscard]] bool take_interpreters(const Json& stacks, Building& building) const;
  [[nodiscard]] bool take_row(const Json& row, bool is_change, Building& building) const;
  [[nodiscard]] bool take_frames(const Json& innermost, model::ThreadStack& thread, Building& building) const;

  struct Frame {
    std::uint32_t caller = no_entry;
    std::uint32_t depth = 1;
    model::FrameLocation location;
  };
  std::vector<std::string> strings_;
  std::vector<model::ThreadStack> threads_;
  std::vector<Frame> frames_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::shared_ptr<const model::CodeInfo>> codes_;
  std::unordered_map<std::string, Last> last_;
};

}  // namespace tidemark::record::detail
