// Purpose: numbers the processes of a recording from the texts of its rows. Invariant: the same (pid, process_started,
// name) is the same number over all files of a recording; a foreign recording has no start times, so there it is
// (pid, name).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tidemark/model/recorded.hpp"

namespace tidemark::record::detail {

/// A process as a row names it: cells, still escaped.
struct ProcessCells {
  std::string_view pid, started, name;

  bool operator==(const ProcessCells&) const = default;
};

class ProcessTable {
 public:
  /// The number of the process; nullopt when its pid cannot be read. Announces a new one to the visitor.
  [[nodiscard]] std::optional<std::uint32_t> number_of(const ProcessCells& cells, model::RecordingVisitor& visitor);

  /// What a `process_start` line says of a process that has no row yet.
  void expect(const ProcessCells& cells, model::ProcessInfo info);

 private:
  struct Entry {
    std::string key;  ///< the three cells, with a byte between them that no cell of ours holds
    std::size_t pid_size = 0, started_size = 0;
    std::uint32_t follower = 0;  ///< whose row came after this one's last time: rows come in the same order each tick

    [[nodiscard]] bool is(const ProcessCells& cells) const;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  std::optional<std::uint32_t> find_or_add(const ProcessCells& cells, model::RecordingVisitor& visitor);

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> numbers_;
  std::unordered_map<std::string, model::ProcessInfo> expected_;
  std::string key_;         ///< kept for its capacity
  std::uint32_t last_ = 0;  ///< whose row came last
};

}  // namespace tidemark::record::detail
