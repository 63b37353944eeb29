#include "untested_check.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "locate/scan.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::uint64_t gc_flags = 3;  // the lower bits of _gc_prev and _gc_next (Include/internal/pycore_gc.h)
constexpr std::int32_t max_first_line = 1 << 24;

class Check {
 public:
  Check(const LocatedRuntime& runtime, const memory::MemorySource& memory) : runtime_(runtime), memory_(memory) {}

  [[nodiscard]] Misfit size_of_code() const {
    const auto& layout = runtime_.layout;
    auto size = memory_.read_value<std::int64_t>(runtime_.place.code_type.plus(layout.type.basic_size.offset()));
    if (!size) return base::fail(std::move(size).error());
    return *size == layout.code.size_bytes ? none() : miss("code objects are of another size");
  }

  [[nodiscard]] Misfit collector(Address collector) const {
    const auto& gc = runtime_.layout.gc;
    auto enabled = memory_.read_value<std::int32_t>(collector.plus(gc.enabled.offset()));
    if (!enabled) return base::fail(std::move(enabled).error());
    if (*enabled != 0 && *enabled != 1) return miss("whether the collector is on is neither 0 nor 1");
    if (runtime_.layout.free_threaded) return none();  // it has no rings; the reading has looked at its thresholds
    auto youngest = first_generation(collector);
    if (!youngest) return base::fail(std::move(youngest).error());
    return ring(youngest->plus(2 * std::uint64_t{runtime_.layout.generation.size_bytes}));
  }

  [[nodiscard]] Misfit object(Address object, std::string_view type_name, const char* what) const {
    if (!is_plausible_pointer(object)) return miss(what);
    auto type = pointer_at(object.plus(runtime_.layout.object.type.offset()));
    if (!type) return base::fail(std::move(type).error());
    if (!is_plausible_pointer(*type)) return miss(what);
    auto named = is_type_named(runtime_.layout, *runtime_.module, memory_, *type, type_name);
    if (!named) return base::fail(std::move(named).error());
    return *named ? none() : miss(what);
  }

  [[nodiscard]] Misfit code(Address code) const {
    const auto& field = runtime_.layout.code;
    auto first_line = memory_.read_value<std::int32_t>(code.plus(field.first_line.offset()));
    if (!first_line) return base::fail(std::move(first_line).error());
    if (*first_line < 1 || *first_line > max_first_line) return miss("the first line of a code object is none");
    auto name = pointer_at(code.plus(field.qualname.offset()));
    auto file = pointer_at(code.plus(field.filename.offset()));
    if (name && file && *name == *file) return miss("the file of a code object is its name");
    struct Part {
      Field<Address> at;
      std::string_view type;
      const char* what;
    };
    const std::array<Part, 4> parts{Part{field.qualname, "str", "the name of a code object is no string"},
                                    Part{field.filename, "str", "the file of a code object is no string"},
                                    Part{field.line_table, "bytes", "the line table of a code object is no bytes"},
                                    Part{field.bytecode, "bytes", "the instructions of a code object are no bytes"}};
    for (const Part& part : parts) {
      if (!part.at.is_present()) continue;
      auto value = pointer_at(code.plus(part.at.offset()));
      if (!value) return base::fail(std::move(value).error());
      if (auto misfit = object(*value, part.type, part.what); !misfit || *misfit) return misfit;
    }
    return none();
  }

 private:
  static Misfit none() { return std::optional<std::string>(); }
  static Misfit miss(const char* what) { return std::optional<std::string>(what); }

  [[nodiscard]] base::Result<Address> pointer_at(Address at) const { return memory_.read_value<Address>(at); }

  [[nodiscard]] base::Result<Address> first_generation(Address collector) const {
    const auto& gc = runtime_.layout.gc;
    if (!gc.generation0.is_present()) return collector.plus(gc.generations);
    return pointer_at(collector.plus(gc.generation0.offset()));
  }

  /// A PyGC_Head is two words, next and previous; the first and the last of the ring lead back to its head. Those of an
  /// empty one are the head itself, which from 3.13.1 or so on lies at 4 bytes past a multiple of 8.
  [[nodiscard]] Misfit ring(Address head) const {
    constexpr std::uint64_t previous = 8;
    for (const auto& [there, back] : {std::pair{std::uint64_t{0}, previous}, std::pair{previous, std::uint64_t{0}}}) {
      auto neighbour = pointer_at(head.plus(there));
      if (!neighbour) return base::fail(std::move(neighbour).error());
      const Address at{neighbour->value & ~gc_flags};
      if (at != head && !is_plausible_pointer(at)) return miss("the collector's oldest generation is no ring");
      auto returned = pointer_at(at.plus(back));
      if (!returned) return base::fail(std::move(returned).error());
      if ((returned->value & ~gc_flags) != head.value) return miss("the collector's oldest generation is no ring");
    }
    return none();
  }

  const LocatedRuntime& runtime_;
  const memory::MemorySource& memory_;
};

}  // namespace

Misfit misfit_of_collector(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                           const SnapshotReader& reader) {
  const Check check(runtime, memory);
  const auto places = reader.places();
  if (auto misfit = check.collector(places.collector); !misfit || *misfit) return misfit;
  return check.object(places.garbage, "list", "gc.garbage is no list");
}

Misfit misfit_of_frames(const LocatedRuntime& runtime, const memory::MemorySource& memory,
                        const SnapshotReader& reader) {
  const Check check(runtime, memory);
  if (auto misfit = check.size_of_code(); !misfit || *misfit) return misfit;
  const Address code = reader.places().frame_code;
  if (code.is_null()) return std::optional<std::string>();  // no Python code runs
  return check.code(code);
}

}  // namespace tidemark::cpython
