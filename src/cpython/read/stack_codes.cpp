#include "stack_codes.hpp"

#include <algorithm>
#include <utility>

#include "tidemark/cpython/line_table.hpp"

namespace tidemark::cpython {

using base::Address;

void StackCodes::begin_reading() {
  ++reading_;
  used_before_ = std::exchange(used_, {});
  if (states_.size() > 2 * stack_code_limits.codes) states_.clear();  // of code objects that have gone
}

void StackCodes::use(Address code) {
  State& state = states_[code.value];
  if (state.used_in == reading_) return;
  state.used_in = reading_;
  used_.push_back(code);
}

std::optional<StackCodes::Ids> StackCodes::add_check(Batch& batch, Address code) const {
  const CachedCode* known = cache_.find(code);
  if (known == nullptr) return std::nullopt;
  Ids ids{.code = code, .head = batch.add(code, code_extent(layout_)), .witnesses = {}};
  for (const Witness& witness : known->witnesses) {
    ids.witnesses.push_back(
        batch.add(witness.address, {.first = 0, .end = static_cast<std::uint32_t>(witness.bytes.size())}));
  }
  return ids;
}

void StackCodes::add_checks(Batch& batch) {
  batch.begin_second_copies();  // after the stacks, not along with one
  for (const Address code : used_before_) {
    if (auto ids = add_check(batch, code)) checks_.push_back(std::move(*ids));
  }
}

bool StackCodes::is_as_known(const Batch& batch, const Ids& ids, const CachedCode& known) const {
  if (!batch.status(ids.head) || decode_code(layout_, code_type_, batch.piece(ids.head)) != known.head) return false;
  for (std::size_t i = 0; i < ids.witnesses.size(); ++i) {
    if (!batch.status(ids.witnesses[i])) return false;
    if (!std::ranges::equal(batch.piece(ids.witnesses[i]).bytes, known.witnesses[i].bytes)) return false;
  }
  return true;
}

void StackCodes::judge_check(const Batch& batch, const Ids& ids) {
  const CachedCode* known = cache_.find(ids.code);
  if (known != nullptr && is_as_known(batch, ids, *known)) {
    states_[ids.code.value].proved_in = round_;
    return;
  }
  cache_.forget(ids.code);
  states_.erase(ids.code.value);
  all_proved_ = false;
}

void StackCodes::judge_checks(const Batch& batch) {
  all_proved_ = checks_.size() == used_before_.size();
  for (const Ids& ids : checks_) judge_check(batch, ids);
}

void StackCodes::prove(const std::vector<Address>& codes) {
  Batch batch;
  std::vector<Ids> checks;
  const std::uint64_t drops_before = cache_.drops();
  for (const Address code : codes) {
    if (is_proved(code)) continue;
    if (cache_.find(code) == nullptr) {
      states_.erase(code.value);  // of one that lay there before
      const auto head = read_code_head(memory_, layout_, code_type_, code);
      if (!head || !cache_.learn(memory_, layout_, code_type_, code, *head)) continue;
    }
    if (auto ids = add_check(batch, code)) checks.push_back(std::move(*ids));
  }
  if (cache_.drops() != drops_before) all_proved_ = false;
  if (checks.empty()) return;
  batch.run(memory_);
  for (const Ids& ids : checks) judge_check(batch, ids);
}

bool StackCodes::is_proved(Address code) const {
  const auto at = states_.find(code.value);
  return at != states_.end() && at->second.proved_in == round_ && cache_.find(code) != nullptr;
}

const CachedCode* StackCodes::find(Address code) const { return is_proved(code) ? cache_.find(code) : nullptr; }

base::Result<std::optional<std::int64_t>> StackCodes::line_of_frame(const CachedCode& code, const Frame& frame) {
  const auto unit = code_unit_of(frame, code);
  if (!unit) return base::fail(unit.error());
  auto& lines = states_[frame.code.value].lines;
  if (const auto known = lines.find(*unit); known != lines.end()) return known->second;
  auto line = line_of(layout_.code.line_table_format, code.line_table, code.head.first_line, *unit);
  if (!line) return line;
  if (lines.size() >= max_kept_lines) lines.clear();
  lines.emplace(*unit, *line);
  return line;
}

}  // namespace tidemark::cpython
