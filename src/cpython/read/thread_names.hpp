// Purpose: what a program calls its threads: threading.Thread.name, by threading.get_ident().
// Invariants: `threading` keeps its threads in the dict _active, {ident: Thread} (Lib/threading.py, the same in 3.8 to
// 3.15); a Thread counts only when its own _ident is that ident. A name is given only when everything that led to it
// was the same in a later vector read, down to its characters; so it is never that of another thread. A thread that
// says no name that is a str has none. All walks are capped.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "evidence.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

inline constexpr std::size_t max_modules = 1 << 17;
inline constexpr std::size_t max_module_names = 1 << 17;
/// Threads that are named at most, and entries of threading._active, of which ended threads leave some empty.
inline constexpr std::size_t max_named_threads = 16'384;
inline constexpr std::size_t max_active_entries = 8 * max_named_threads;
/// Attributes of one Thread; one with more has no name.
inline constexpr std::size_t max_thread_attributes = 4096;
/// Vector reads of all that led to the names, until they hold; then those that do are given.
inline constexpr int max_name_attempts = 8;
/// Threads without a name are looked at again after so many readings, if nothing else moves.
inline constexpr int readings_until_another_look = 16;

using NamesByIdent = std::unordered_map<std::uint64_t, std::string>;

class ThreadNames {
 public:
  /// `memory` and `layout` must outlive it.
  ThreadNames(const memory::MemorySource& memory, const Layout& layout) : memory_(memory), layout_(layout) {}

  /// One vector read when nothing moved since the last call: the same object is given then. The names are those of this
  /// moment; an ident may be another thread's a moment later. Whoever needs both reads the names before and after, and
  /// takes what is the same. Errors: `not_found` when the interpreter has not imported `threading`, `torn` when it
  /// moves each time that we look, those of reading.
  [[nodiscard]] base::Result<std::shared_ptr<const NamesByIdent>> read(base::Address interpreter);

 private:
  /// The dict threading._active.
  struct Active {
    base::Address dict;
    base::Address str_type;
    Evidence evidence;
  };
  struct Named {
    base::Address key, thread;
    std::uint64_t ident = 0;
    std::string name;
    Evidence evidence;
  };
  struct State {
    std::optional<Evidence> absent;  ///< that nobody has imported `threading`
    std::optional<Active> active;
    Evidence count;  ///< of the threads
    std::vector<Named> named;
    bool has_unnamed = false;
    int readings = 0;
    Evidence all;  ///< of everything above
    std::shared_ptr<const NamesByIdent> names;
  };
  /// What is looked up once in each refresh.
  struct Lookups {
    base::Address name_key, ident_key;  ///< the strings "_name" and "_ident"
    std::unordered_map<std::uint64_t, TypeShape> shapes;
  };
  using Items = std::span<const DictItem>;

  [[nodiscard]] bool holds(Evidence& evidence);
  [[nodiscard]] bool is_settled(State& state);
  [[nodiscard]] bool check(State& state);
  [[nodiscard]] std::shared_ptr<const NamesByIdent> publish(State& state) const;
  [[nodiscard]] base::Result<void> refresh(State& state, base::Address interpreter);
  [[nodiscard]] base::Result<DictItem> find_module(base::Address interpreter, State& state,
                                                   std::vector<Word>& words) const;
  [[nodiscard]] base::Result<Active> find_active(base::Address interpreter, State& state) const;
  [[nodiscard]] base::Result<TypeShape> shape_of(base::Address object, Lookups& lookups,
                                                 std::vector<Word>& words) const;
  [[nodiscard]] base::Result<DictItem> find(Items items, std::string_view name) const;
  [[nodiscard]] base::Result<DictItem> find(Items items, std::string_view name, base::Address& known_key) const;
  [[nodiscard]] base::Result<Named> read_named(const DictItem& item, base::Address str_type, Lookups& lookups) const;
  [[nodiscard]] base::Result<bool> is_ident(const DictItem& own, base::Address key, std::uint64_t ident,
                                            std::vector<Witness>& witnesses) const;

  const memory::MemorySource& memory_;
  const Layout& layout_;
  std::unordered_map<std::uint64_t, State> states_;
  Batch batch_;
};

}  // namespace tidemark::cpython
