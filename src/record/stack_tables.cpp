#include "detail/stack_tables.hpp"

#include <algorithm>

#include "detail/json_line.hpp"
#include "tidemark/record/columns.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record::detail {
namespace {

using model::StackReading;

/// Quotes and comma, and so that empty strings count too.
constexpr std::size_t bytes_around_string = 3;

void append_number(std::string& out, std::uint32_t number) {
  out += number == no_entry ? "null" : std::to_string(number);
}

/// A new entry after the others of its table.
void begin_entry(std::string& entries) {
  if (!entries.empty()) entries += ',';
}

std::string state_of(const model::ThreadStack& thread) {
  std::string letters;
  if (thread.holds_gil) letters += 'G';
  if (thread.is_running) letters += *thread.is_running ? 'R' : 'I';
  return letters;
}

bool is_same(const std::vector<model::InterpreterState>& a, const std::vector<model::InterpreterState>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.id == other.id && one.gc_running == other.gc_running;
  });
}

std::size_t mixed(std::size_t hash, std::uint64_t value) {
  return static_cast<std::size_t>((hash ^ value) * 0x9E3779B97F4A7C15U) ^ (hash >> 29U);
}

}  // namespace

std::size_t StackTables::Hash::operator()(const FrameKey& key) const {
  return mixed(mixed(mixed(key.caller, key.function), key.file), static_cast<std::uint64_t>(key.line));
}

std::size_t StackTables::Hash::operator()(const ThreadKey& key) const {
  return mixed(mixed(mixed(key.thread_id, static_cast<std::uint64_t>(key.interpreter)),
                     static_cast<std::uint64_t>(key.native_id)),
               key.name);
}

void StackTables::restart() {
  strings_.clear();
  string_bytes_ = 0;
  threads_.clear();
  frames_.clear();
  fresh_strings_ = fresh_threads_ = fresh_frames_ = {};
  last_.clear();
  restarted_ = true;
}

void StackTables::begin_file() {
  restart();
  restarted_ = false;
  next_reading_ = 0;
}

std::uint32_t StackTables::string_number(const std::string& text) {
  if (const auto found = strings_.find(text); found != strings_.end()) return found->second;
  if (string_bytes_ + text.size() > caps_.string_bytes) return no_entry;
  string_bytes_ += text.size() + bytes_around_string;
  const auto number = static_cast<std::uint32_t>(strings_.size());
  strings_.emplace(text, number);
  begin_entry(fresh_strings_.entries);
  append_json(fresh_strings_.entries, std::string_view(text));
  return number;
}

std::uint32_t StackTables::thread_number(const ThreadKey& key) {
  if (const auto found = threads_.find(key); found != threads_.end()) return found->second;
  if (threads_.size() >= caps_.threads) return no_entry;
  const auto number = static_cast<std::uint32_t>(threads_.size());
  threads_.emplace(key, number);
  auto& entries = fresh_threads_.entries;
  begin_entry(entries);
  entries += '[' + std::to_string(key.interpreter) + ',' + std::to_string(key.native_id) + ',';
  entries += (key.outer_id == 0 ? "null" : std::to_string(key.outer_id)) + ',' + std::to_string(key.thread_id) + ',';
  append_number(entries, key.name);
  entries += ']';
  return number;
}

std::uint32_t StackTables::frame_number(const FrameKey& key) {
  if (const auto found = frames_.find(key); found != frames_.end()) return found->second;
  if (frames_.size() >= caps_.frames) return no_entry;
  const auto number = static_cast<std::uint32_t>(frames_.size());
  frames_.emplace(key, number);
  auto& entries = fresh_frames_.entries;
  begin_entry(entries);
  entries += '[';
  for (const auto part : {key.caller, key.function, key.file}) {
    append_number(entries, part);
    entries += ',';
  }
  entries += (key.line == no_line ? "null" : std::to_string(key.line)) + ']';
  return number;
}

bool StackTables::intern_frames(const model::Frames& frames, std::uint32_t& innermost) {
  FrameKey key{.caller = no_entry};
  for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
    key.function = key.file = no_entry;
    if (frame->code) {
      key.function = string_number(frame->code->function);
      key.file = string_number(frame->code->file);
      if (key.function == no_entry || key.file == no_entry) return false;
    }
    key.line = frame->line.value_or(no_line);
    key.caller = frame_number(key);
    if (key.caller == no_entry) return false;
  }
  innermost = key.caller;
  return true;
}

bool StackTables::intern_row(const model::ThreadStack& thread, const Last* last, std::size_t place, Row& row) {
  ThreadKey key{.interpreter = thread.interpreter_id,
                .native_id = thread.native_id,
                .outer_id = thread.outer_id.value_or(0),
                .thread_id = thread.thread_id,
                .name = no_entry};
  if (thread.name) {
    key.name = string_number(*thread.name);
    if (key.name == no_entry) return false;
  }
  row.thread = thread_number(key);
  if (row.thread == no_entry) return false;
  row.state = state_of(thread);
  row.failure = thread.failure;
  row.has_frames = thread.frames != nullptr;
  if (!row.has_frames) return true;
  const bool is_unchanged =
      last != nullptr && place < last->rows.size() && last->reading->threads[place].frames == thread.frames;
  if (!is_unchanged) return intern_frames(*thread.frames, row.frame);
  const Row& before = last->rows[place];
  row.frame = before.frame;
  row.has_frames = before.has_frames;
  if (!before.has_frames) row.failure = before.failure;  // the tables had no place for it
  return true;
}

/// False when a table is full.
bool StackTables::intern(const StackReading& reading, const Last* last, std::vector<Row>& rows) {
  rows.clear();
  for (std::size_t place = 0; place < reading.threads.size(); ++place) {
    if (!intern_row(reading.threads[place], last, place, rows.emplace_back())) return false;
  }
  return true;
}

/// What the empty tables cannot hold is left out, and its thread says `limit`.
void StackTables::intern_what_fits(const StackReading& reading, std::vector<Row>& rows) {
  rows.clear();
  for (const auto& thread : reading.threads) {
    Row& row = rows.emplace_back();
    if (intern_row(thread, nullptr, 0, row)) continue;
    row = {.thread = row.thread, .failure = model::Reason::limit};
  }
}

void StackTables::write_fresh(std::string& out, const model::Tick& tick) {
  if (fresh_strings_.entries.empty() && fresh_threads_.entries.empty() && fresh_frames_.entries.empty()) return;
  JsonLine line(out, "stacks", tick.wall_ns, tick.elapsed_ns);
  if (restarted_) line.field("restart", std::int64_t{1});
  const auto put = [&](const char* name, Fresh& fresh, std::size_t size) {
    if (fresh.entries.empty()) return;
    line.field(std::string("first_") + name, fresh.first);
    line.raw(std::string(name) + "s", '[' + fresh.entries + ']');
    fresh = {.first = size, .entries = {}};
  };
  put("string", fresh_strings_, strings_.size());
  put("thread", fresh_threads_, threads_.size());
  put("frame", fresh_frames_, frames_.size());
  line.end();
  restarted_ = false;
}

std::string StackTables::value_of(std::uint64_t id, const std::vector<Row>& rows, const StackReading& reading,
                                  const Last* last) const {
  const bool same_threads =
      last != nullptr && std::equal(rows.begin(), rows.end(), last->rows.begin(), last->rows.end(),
                                    [](const Row& a, const Row& b) { return a.thread == b.thread; });
  std::string out = R"({"id":)" + std::to_string(id);
  if (same_threads) out += R"(,"from":)" + std::to_string(last->id);
  if (!same_threads || !is_same(reading.interpreters, last->reading->interpreters)) {
    out += R"(,"interpreters":[)";
    for (const auto& state : reading.interpreters) {
      if (out.back() != '[') out += ',';
      out += '[' + std::to_string(state.id) + (state.gc_running ? *state.gc_running ? ",1]" : ",0]" : ",null]");
    }
    out += ']';
  }
  out += R"(,"threads":[)";
  for (std::size_t place = 0; place < rows.size(); ++place) {
    const Row& row = rows[place];
    if (same_threads && row == last->rows[place]) continue;
    if (out.back() != '[') out += ',';
    out += '[';
    append_number(out, row.thread);
    out += ',';
    if (row.has_frames && row.frame == no_entry)
      out += "[]";
    else
      append_number(out, row.has_frames ? row.frame : no_entry);
    out += ",\"" + row.state + '"';
    if (row.failure) out += ",\"" + std::string(text_of(*row.failure)) + '"';
    out += ']';
  }
  return out + "]}";
}

std::string StackTables::append(std::string& out, const model::Tick& tick, const model::ProcessSample& sample) {
  const auto& reading = *sample.stacks;
  const auto& process = sample.process->identity;
  const auto last_of = [&]() -> const Last* {
    const auto found = last_.find(process);
    return found == last_.end() ? nullptr : &found->second;
  };
  std::vector<Row> rows;
  if (!intern(reading, last_of(), rows)) {
    restart();
    intern_what_fits(reading, rows);
  }
  const Last* last = last_of();
  write_fresh(out, tick);
  if (last != nullptr && rows == last->rows && is_same(reading.interpreters, last->reading->interpreters)) {
    const std::string value = std::to_string(last->id);
    last_[process].reading = sample.stacks;
    return value;
  }
  const std::uint64_t id = next_reading_++;
  std::string value = value_of(id, rows, reading, last);
  last_[process] = {.id = id, .reading = sample.stacks, .rows = std::move(rows)};
  return value;
}

}  // namespace tidemark::record::detail
