// Purpose: what a wrong layout made of a process, against what the right one reads. A value that is missing is no
// lie, as long as something says that it is missing.
#pragma once

#include <algorithm>
#include <optional>

#include "fake_names.hpp"
#include "fake_stacks.hpp"

namespace tidemark::cpython::test {

/// All that is read of one process.
struct Everything {
  PythonSnapshot snapshot;
  model::StackReading stacks;
};

/// How a reading by a wrong layout compares.
enum class Comparison {
  same,       ///< whole, and nothing else
  less,       ///< something is missing, with its reason
  different,  ///< something is said that is not so
};

inline Comparison worst(Comparison a, Comparison b) { return std::max(a, b); }

inline bool has_gap_of(const PythonSnapshot& snapshot, model::Source source) {
  return std::ranges::any_of(snapshot.gaps, [source](const model::Gap& gap) {
    return gap.source == source || gap.source == model::Source::python;
  });
}

template <class T>
Comparison compare(const std::optional<T>& right, const std::optional<T>& wrong, bool is_excused) {
  if (right == wrong) return Comparison::same;
  return !wrong && is_excused ? Comparison::less : Comparison::different;
}

inline bool is_same_place(const model::FrameLocation& a, const model::FrameLocation& b) {
  return a.code->function == b.code->function && a.code->file == b.code->file && a.line == b.line;
}

inline Comparison compare_gc(const PythonSnapshot& right, const PythonSnapshot& wrong) {
  if (!wrong.reading.gc) return has_gap_of(wrong, model::Source::gc) ? Comparison::less : Comparison::different;
  const auto& a = *right.reading.gc;
  const auto& b = *wrong.reading.gc;
  const bool is_same = a.enabled == b.enabled && std::ranges::equal(a.generations, b.generations, [](auto x, auto y) {
                         return x.count == y.count && x.collections == y.collections && x.collected == y.collected &&
                                x.uncollectable == y.uncollectable;
                       });
  return worst(is_same ? Comparison::same : Comparison::different,
               compare(a.garbage, b.garbage, has_gap_of(wrong, model::Source::gc)));
}

inline Comparison compare(const PythonSnapshot& right, const PythonSnapshot& wrong) {
  using model::Source;
  Comparison result = compare(right.reading.threads, wrong.reading.threads, has_gap_of(wrong, Source::threads));
  result = worst(result, compare(right.reading.gil_holder, wrong.reading.gil_holder, has_gap_of(wrong, Source::gil)));
  result = worst(result, compare_gc(right, wrong));
  if (!wrong.reading.frame) {
    return worst(result, has_gap_of(wrong, Source::frame) ? Comparison::less : Comparison::different);
  }
  return is_same_place(*right.reading.frame, *wrong.reading.frame) ? result : Comparison::different;
}

/// Ids of 0 are not known.
inline Comparison compare(const model::ThreadStack& right, const model::ThreadStack& wrong, bool is_gil_missing) {
  const auto id = [](auto a, auto b) {
    return a == b ? Comparison::same : b == 0 ? Comparison::less : Comparison::different;
  };
  Comparison result = worst(id(right.thread_id, wrong.thread_id), id(right.native_id, wrong.native_id));
  if (right.holds_gil != wrong.holds_gil) {
    result = worst(result, wrong.holds_gil || !is_gil_missing ? Comparison::different : Comparison::less);
  }
  if (!wrong.frames) return worst(result, wrong.failure ? Comparison::less : Comparison::different);
  return std::ranges::equal(*right.frames, *wrong.frames, is_same_place) ? result : Comparison::different;
}

inline Comparison compare(const model::StackReading& right, const model::StackReading& wrong) {
  Comparison result = wrong.gaps.empty() ? Comparison::same : Comparison::less;
  if (right.threads.size() != wrong.threads.size()) {
    return wrong.gaps.empty() || !wrong.threads.empty() ? Comparison::different : result;
  }
  const bool is_gil_missing =
      std::ranges::find(wrong.gaps, model::Source::gil, &model::Gap::source) != wrong.gaps.end();
  for (std::size_t i = 0; i < right.threads.size(); ++i) {
    result = worst(result, compare(right.threads[i], wrong.threads[i], is_gil_missing));
  }
  for (std::size_t i = 0; i < std::min(right.interpreters.size(), wrong.interpreters.size()); ++i) {
    const auto& a = right.interpreters[i];
    const auto& b = wrong.interpreters[i];
    if (a.id != b.id) result = Comparison::different;
    result = worst(result, compare(a.gc_running, b.gc_running, true));
  }
  return result;
}

inline Comparison compare(const Everything& right, const Everything& wrong) {
  return worst(compare(right.snapshot, wrong.snapshot), compare(right.stacks, wrong.stacks));
}

/// Names of idents that no thread has are never shown.
inline Comparison compare(const NamesByIdent& right, const NamesByIdent& wrong) {
  for (const auto& [ident, name] : wrong) {
    const auto at = right.find(ident);
    if (at != right.end() && at->second != name) return Comparison::different;
  }
  return right == wrong ? Comparison::same : Comparison::less;
}

}  // namespace tidemark::cpython::test
