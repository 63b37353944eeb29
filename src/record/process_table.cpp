#include "detail/process_table.hpp"

#include <limits>

#include "detail/cell.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record::detail {
namespace {

constexpr char between = '\0';

void make_key(std::string& key, const ProcessCells& cells) {
  key.assign(cells.pid);
  key += between;
  key += cells.started;
  key += between;
  key += cells.name;
}

std::optional<base::Pid> parse_pid(std::string_view cell) {
  const auto pid = parse_count(cell);
  if (!pid || *pid < 0 || *pid > std::numeric_limits<base::Pid>::max()) return std::nullopt;
  return static_cast<base::Pid>(*pid);
}

}  // namespace

bool ProcessTable::Entry::is(const ProcessCells& cells) const {
  const std::string_view text = key;
  return cells.pid.size() == pid_size && cells.started.size() == started_size &&
         text.size() == pid_size + started_size + cells.name.size() + 2 && text.starts_with(cells.pid) &&
         text.substr(pid_size + 1, started_size) == cells.started && text.ends_with(cells.name);
}

std::optional<std::uint32_t> ProcessTable::number_of(const ProcessCells& cells, model::RecordingVisitor& visitor) {
  if (!entries_.empty()) {
    const std::uint32_t guess = entries_[last_].follower;
    if (entries_[guess].is(cells)) {
      last_ = guess;
      return guess;
    }
  }
  const auto number = find_or_add(cells, visitor);
  if (!number) return std::nullopt;
  entries_[last_].follower = *number;
  last_ = *number;
  return number;
}

std::optional<std::uint32_t> ProcessTable::find_or_add(const ProcessCells& cells, model::RecordingVisitor& visitor) {
  make_key(key_, cells);
  if (const auto found = numbers_.find(key_); found != numbers_.end()) return found->second;
  const auto pid = parse_pid(cells.pid);
  if (!pid) return std::nullopt;
  model::ProcessInfo info;
  if (auto known = expected_.extract(key_)) info = std::move(known.mapped());
  info.identity.pid = *pid;
  info.name = unescaped(cells.name);
  info.started_wall_ns = parse_wall(cells.started).value_or(0);
  const auto number = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({.key = key_, .pid_size = cells.pid.size(), .started_size = cells.started.size()});
  numbers_.emplace(key_, number);
  visitor.on_process(number, info);
  return number;
}

void ProcessTable::expect(const ProcessCells& cells, model::ProcessInfo info) {
  make_key(key_, cells);
  if (!numbers_.contains(key_)) expected_.insert_or_assign(key_, std::move(info));
}

}  // namespace tidemark::record::detail
