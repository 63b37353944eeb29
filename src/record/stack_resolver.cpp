#include "detail/stack_resolver.hpp"

#include <algorithm>
#include <limits>

#include "tidemark/record/text.hpp"

namespace tidemark::record::detail {
namespace {

using Json = StackResolver::Json;

/// Numbers of entries, which are below 2^32 - 1; nullopt for anything else.
std::optional<std::uint32_t> entry_number(const Json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<std::uint64_t>();
  if (number >= no_entry) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

/// A number of a table of this size, or null, which is no_entry.
std::optional<std::uint32_t> reference(const Json& value, std::size_t size) {
  if (value.is_null()) return no_entry;
  const auto number = entry_number(value);
  return number && *number < size ? number : std::nullopt;
}

std::optional<model::Reason> reason_named(const std::string& name) {
  for (int value = 0; value <= static_cast<int>(model::Reason::failed); ++value) {
    const auto reason = static_cast<model::Reason>(value);
    if (model::text_of(reason) == name) return reason;
  }
  return std::nullopt;
}

bool is_list(const Json& value, std::size_t least, std::size_t most) {
  return value.is_array() && value.size() >= least && value.size() <= most;
}

}  // namespace

void StackResolver::begin_file() {
  strings_.clear();
  threads_.clear();
  frames_.clear();
  codes_.clear();
  last_.clear();
}

bool StackResolver::take_string(const Json& entry) {
  if (!entry.is_string()) return false;
  strings_.push_back(unescaped(entry.get_ref<const std::string&>()));
  return true;
}

bool StackResolver::take_thread(const Json& entry) {
  constexpr std::size_t members = 5;
  if (!is_list(entry, members, members)) return false;
  const auto name = reference(entry[4], strings_.size());
  const bool has_ids = entry[0].is_number_integer() && entry[1].is_number_integer() &&
                       (entry[2].is_null() || entry[2].is_number_integer()) && entry[3].is_number_unsigned();
  if (!name || !has_ids) return false;
  model::ThreadStack thread;
  thread.interpreter_id = entry[0].get<std::int64_t>();
  thread.native_id = entry[1].get<base::Tid>();
  if (!entry[2].is_null()) thread.outer_id = entry[2].get<base::Tid>();
  thread.thread_id = entry[3].get<std::uint64_t>();
  if (*name != no_entry) thread.name = strings_[*name];
  threads_.push_back(std::move(thread));
  return true;
}

std::shared_ptr<const model::CodeInfo> StackResolver::code_of(std::uint32_t function, std::uint32_t file) {
  if (function == no_entry || file == no_entry) return nullptr;
  auto& code = codes_[{function, file}];
  if (!code) {
    code = std::make_shared<const model::CodeInfo>(
        model::CodeInfo{.function = strings_[function], .file = strings_[file]});
  }
  return code;
}

bool StackResolver::take_frame(const Json& entry) {
  constexpr std::size_t members = 4;
  if (!is_list(entry, members, members)) return false;
  const auto caller = reference(entry[0], frames_.size());
  const auto function = reference(entry[1], strings_.size());
  const auto file = reference(entry[2], strings_.size());
  if (!caller || !function || !file || !(entry[3].is_null() || entry[3].is_number_integer())) return false;
  Frame frame{.caller = *caller, .location = {.code = code_of(*function, *file), .line = {}}};
  if (*caller != no_entry) frame.depth = frames_[*caller].depth + 1;
  if (!entry[3].is_null()) frame.location.line = entry[3].get<std::int64_t>();
  frames_.push_back(std::move(frame));
  return true;
}

bool StackResolver::take_tables(const Json& line) {
  if (line.contains("restart")) begin_file();
  const auto take = [&](const char* list, const char* first, std::size_t size, auto take_entry) {
    if (!line.contains(list)) return true;
    if (!line[list].is_array() || !line.contains(first) || entry_number(line[first]) != size) return false;
    return std::all_of(line[list].begin(), line[list].end(), take_entry);
  };
  return take("strings", "first_string", strings_.size(), [this](const Json& entry) { return take_string(entry); }) &&
         take("threads", "first_thread", threads_.size(), [this](const Json& entry) { return take_thread(entry); }) &&
         take("frames", "first_frame", frames_.size(), [this](const Json& entry) { return take_frame(entry); });
}

bool StackResolver::take_interpreters(const Json& stacks, Building& building) const {
  if (!stacks.contains("interpreters")) return true;
  if (!stacks["interpreters"].is_array()) return false;
  building.reading.interpreters.clear();
  for (const Json& state : stacks["interpreters"]) {
    if (!is_list(state, 2, 2) || !state[0].is_number_integer()) return false;
    if (!state[1].is_null() && !state[1].is_number_integer()) return false;
    auto& read = building.reading.interpreters.emplace_back();
    read.id = state[0].get<std::int64_t>();
    if (!state[1].is_null()) read.gc_running = state[1] != 0;
  }
  return true;
}

bool StackResolver::take_frames(const Json& innermost, model::ThreadStack& thread, Building& building) const {
  if (innermost.is_null()) return true;
  if (innermost.is_array()) {  // a stack without frames
    thread.frames = std::make_shared<const model::Frames>();
    return innermost.empty();
  }
  const auto number = reference(innermost, frames_.size());
  if (!number) return false;
  auto& stack = building.stacks[*number];
  if (!stack) {
    building.unfolded += frames_[*number].depth;
    if (building.unfolded > max_unfolded_frames) {
      thread.failure = model::Reason::limit;
      return true;
    }
    auto frames = std::make_shared<model::Frames>();
    frames->reserve(frames_[*number].depth);
    for (std::uint32_t at = *number; at != no_entry; at = frames_[at].caller) frames->push_back(frames_[at].location);
    stack = std::move(frames);
  }
  thread.frames = stack;
  return true;
}

/// [thread, frame, state] or [thread, frame, state, failure].
bool StackResolver::take_row(const Json& row, bool is_change, Building& building) const {
  if (!is_list(row, 3, 4) || !row[2].is_string() || (row.size() == 4 && !row[3].is_string())) return false;
  const auto number = reference(row[0], threads_.size());
  if (!number) return false;
  model::ThreadStack thread;
  if (*number != no_entry) thread = threads_[*number];
  if (!take_frames(row[1], thread, building)) return false;
  const auto& state = row[2].get_ref<const std::string&>();
  thread.holds_gil = state.find('G') != std::string::npos;
  const bool runs = state.find('R') != std::string::npos;
  if (runs || state.find('I') != std::string::npos) thread.is_running = runs;
  if (row.size() == 4) {
    thread.failure = reason_named(row[3].get_ref<const std::string&>()).value_or(model::Reason::failed);
  }
  if (!is_change) {
    building.threads.push_back(*number);
    building.reading.threads.push_back(std::move(thread));
    return true;
  }
  const auto place = std::find(building.threads.begin(), building.threads.end(), *number);
  if (place == building.threads.end()) return false;
  building.reading.threads[static_cast<std::size_t>(place - building.threads.begin())] = std::move(thread);
  return true;
}

StackResolver::Reading StackResolver::resolve(const std::string& process, const Json& stacks) {
  const auto last = last_.find(process);
  if (stacks.is_number_unsigned()) {
    const bool is_known = last != last_.end() && last->second.id == stacks.get<std::uint64_t>();
    return is_known ? last->second.reading : nullptr;
  }
  if (!stacks.is_object() || !stacks.contains("id") || !stacks["id"].is_number_unsigned()) return nullptr;
  if (!stacks.contains("threads") || !stacks["threads"].is_array()) return nullptr;
  Building building;
  const bool is_change = stacks.contains("from");
  if (is_change) {
    if (last == last_.end() || stacks["from"] != last->second.id) return nullptr;
    building.reading = *last->second.reading;
    building.threads = last->second.threads;
  }
  if (!take_interpreters(stacks, building)) return nullptr;
  for (const Json& row : stacks["threads"]) {
    if (!take_row(row, is_change, building)) return nullptr;
  }
  auto reading = std::make_shared<const model::StackReading>(std::move(building.reading));
  last_[process] = {stacks["id"].get<std::uint64_t>(), reading, std::move(building.threads)};
  return reading;
}

}  // namespace tidemark::record::detail
