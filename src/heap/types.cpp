#include "detail/types.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "detail/object_places.hpp"
#include "detail/window.hpp"
#include "tidemark/cpython/attributes.hpp"
#include "tidemark/cpython/objects.hpp"
#include "tidemark/cpython/type_names.hpp"

namespace tidemark::heap {

using base::Address;

namespace {

constexpr std::int64_t smallest_object = 16, largest_basic_size = 1 << 20;
constexpr std::size_t head_bytes_read = 272;  ///< to tp_dict and beyond
constexpr int deepest_metatype = 4, deepest_base = 16;
constexpr std::size_t most_name_bytes = 2 * cpython::max_c_string_bytes;
constexpr std::size_t most_none_slots = std::size_t{1} << 21;  ///< 32 MiB of addresses that are no types

struct Named {
  std::string_view name;
  ObjectKind kind;
};
constexpr std::array named{
    Named{"float", ObjectKind::floating},          Named{"set", ObjectKind::set},
    Named{"frozenset", ObjectKind::set},           Named{"bytearray", ObjectKind::bytearray},
    Named{"function", ObjectKind::function},       Named{"code", ObjectKind::code},
    Named{"array.array", ObjectKind::array},       Named{"numpy.ndarray", ObjectKind::ndarray},
    Named{"collections.deque", ObjectKind::deque}, Named{"mmap.mmap", ObjectKind::mmap},
};

struct Flagged {
  std::uint64_t flag;
  ObjectKind kind;
};
constexpr std::array flagged{
    Flagged{cpython::type_flags::long_subclass, ObjectKind::integer},
    Flagged{cpython::type_flags::list_subclass, ObjectKind::list},
    Flagged{cpython::type_flags::tuple_subclass, ObjectKind::tuple},
    Flagged{cpython::type_flags::bytes_subclass, ObjectKind::bytes},
    Flagged{cpython::type_flags::str_subclass, ObjectKind::str},
    Flagged{cpython::type_flags::dict_subclass, ObjectKind::dict},
    Flagged{cpython::type_flags::type_subclass, ObjectKind::type},
};

/// From 3.11 on their frames are items behind them, and something else is where the number of items was
/// (Include/cpython/genobject.h, Include/internal/pycore_frame.h).
bool is_without_size(std::string_view name) {
  return name == "generator" || name == "coroutine" || name == "async_generator" || name == "frame";
}

/// Objects without a time zone are made without the last word (datetime_alloc, Modules/_datetimemodule.c).
bool has_optional_zone(std::string_view name) { return name == "datetime.datetime" || name == "datetime.time"; }

/// Of C: tp_name has the module before the last dot.
TypeName split_name(const std::string& name, std::string_view module_of_bare) {
  const auto dot = name.rfind('.');
  if (dot == std::string::npos) return {.module = std::string(module_of_bare), .qualname = name};
  return {.module = name.substr(0, dot), .qualname = name.substr(dot + 1)};
}

}  // namespace

std::string_view object_word(ObjectKind kind) {
  constexpr std::array<std::string_view, object_kind_count> words{
      "str",   "bytes", "bytearray", "int",           "float",       "list",        "tuple",
      "dict",  "set",   "type",      "function",      "code",        "array.array", "numpy.ndarray",
      "deque", "mmap",  "instances", "other objects", "interpreter", "buffers"};
  return words.at(static_cast<std::size_t>(kind));
}

std::string_view buffer_word(ObjectKind kind) {
  constexpr std::array<std::string_view, object_kind_count> words{"str data",          "bytes data",
                                                                  "bytearray buffers", "int data",
                                                                  "float data",        "list items",
                                                                  "tuple data",        "dict keys",
                                                                  "set tables",        "tables of types",
                                                                  "function data",     "code data",
                                                                  "array.array items", "NumPy data",
                                                                  "deque blocks",      "mmap objects",
                                                                  "data of instances", "data of other objects",
                                                                  "interpreter state", "buffers"};
  return words.at(static_cast<std::size_t>(kind));
}

void ArenaSet::assign(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t end = 0;
  std::erase_if(ranges, [&](const Range& range) {
    const bool overlaps = range.start < end;
    if (!overlaps) end = range.end;
    return overlaps;
  });
  ranges_ = std::move(ranges);
  touched_.clear();
  whole_.clear();
  if (ranges_.empty()) return;
  first_granule_ = ranges_.front().start >> granule_bits;
  const std::uint64_t count = ((ranges_.back().end - 1) >> granule_bits) - first_granule_ + 1;
  constexpr std::uint64_t most_granules = std::uint64_t{1} << 29;  // 128 TiB of addresses in 128 MiB of bits
  if (count > most_granules) return;
  touched_.resize(count);
  whole_.resize(count);
  // Runs of arenas one behind the other: the older, small ones do not begin where granules do.
  Range run{ranges_.front().start, ranges_.front().start};
  for (const auto& range : ranges_) {
    if (range.start != run.end) mark(std::exchange(run, {range.start, range.start}));
    run.end = range.end;
  }
  mark(run);
}

void ArenaSet::mark(Range range) {
  constexpr std::uint64_t granule_bytes = std::uint64_t{1} << granule_bits;
  for (auto at = range.start >> granule_bits; at <= (range.end - 1) >> granule_bits; ++at) {
    const std::uint64_t start = at << granule_bits;
    touched_[at - first_granule_] = true;
    whole_[at - first_granule_] = range.start <= start && start + granule_bytes <= range.end;
  }
}

bool ArenaSet::is_in_range(std::uint64_t address) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                      [](std::uint64_t at, const Range& range) { return at < range.start; });
  return after != ranges_.begin() && std::prev(after)->holds(address);
}

bool TypeTable::is_object(std::uint64_t address) {
  const auto offset = layout_.object.type.is_present() ? layout_.object.type.offset() : sizeof(std::uint64_t);
  const auto type = memory_.read_value<std::uint64_t>({address + offset});
  return type && find(*type) != nullptr;
}

TypeEntry* TypeTable::look(std::uint64_t address) {
  if (arenas_.holds(address)) return nullptr;
  return read_type(address, {});
}

void TypeTable::remember(std::uint64_t address, TypeEntry* entry) {
  if (used_slots_ * 2 >= slots_.size()) grow();
  const auto slot = slot_of(address);
  if (slots_[slot].address == 0) ++used_slots_;
  slots_[slot] = {.address = address, .entry = entry};
}

/// When it is full of addresses that are no types these are forgotten.
void TypeTable::grow() {
  const bool forgets = slots_.size() >= most_none_slots;
  auto old = std::move(slots_);
  slots_.assign(forgets ? old.size() : old.size() * 2, {});
  used_slots_ = 0;
  for (const auto& slot : old) {
    if (slot.address == 0 || (forgets && slot.entry == nullptr)) continue;
    slots_[slot_of(slot.address)] = slot;
    ++used_slots_;
  }
}

bool TypeTable::is_metatype(std::uint64_t address, std::uint64_t of, Depth depth) {
  if (address == type_type_) return true;
  if (address == of || depth.metatypes >= deepest_metatype || (address & 7U) != 0 || address < lowest_address) {
    return false;
  }
  const auto slot = slot_of(address);
  ++depth.metatypes;
  const auto* const type = slots_[slot].address == address ? slots_[slot].entry : read_type(address, depth);
  return type != nullptr && (type->flags & cpython::type_flags::type_subclass) != 0;
}

TypeEntry* TypeTable::read_type(std::uint64_t address, Depth depth) {
  remember(address, nullptr);  // also what leads back to itself
  std::array<std::byte, head_bytes_read> head{};
  if (entries_.size() >= max_types || address >= user_space_end || !memory_.read({address}, head)) return nullptr;
  const cpython::Piece piece{.bytes = head, .first = 0};
  const auto meta = piece.get(layout_.object.type);
  const auto name = piece.get(layout_.type.name);
  const auto basic = piece.get(layout_.type.basic_size), item = piece.get(layout_.type.item_size);
  const auto flags = piece.get(layout_.type.flags);
  if (!meta || !name || !basic || !item || !flags) return nullptr;
  if ((*flags & cpython::type_flags::ready) == 0 || *basic < smallest_object || *basic > largest_basic_size ||
      *item < 0 || *item > largest_basic_size || !is_metatype(meta->value, address, depth)) {
    return nullptr;
  }
  auto& entry = entries_.emplace_back();
  entry.address = address;
  entry.index = static_cast<std::uint32_t>(entries_.size() - 1);
  entry.flags = *flags;
  entry.basic_size = *basic;
  entry.item_size = *item;
  (void)cpython::append_c_string(memory_, *name, most_name_bytes, entry.name);  // what there is of it
  entry.has_values_behind = (entry.flags & cpython::type_flags::inline_values) != 0;
  if (is_without_size(entry.name) && layout_.thread.datastack_chunk.is_present()) {
    entry.item_size = 0;
    entry.has_open_end = true;
  }
  set_kind(entry, depth);
  remember(address, &entry);
  return &entry;
}

void TypeTable::set_kind(TypeEntry& entry, Depth depth) {
  entry.has_gc = (entry.flags & cpython::type_flags::have_gc) != 0;
  const bool has_pre_header =
      layout_.attributes.dict != 0 &&
      (entry.flags & (cpython::type_flags::managed_dict | cpython::type_flags::managed_weakref)) != 0;
  entry.head_bytes = (entry.has_gc ? places::gc_head : 0) + (entry.has_gc && has_pre_header ? places::pre_header : 0);
  entry.unused_tail = has_optional_zone(entry.name) ? sizeof(std::uint64_t) : 0;
  entry.has_exact_size = entry.item_size == 0 && !is_without_size(entry.name) && !entry.has_values_behind;
  const auto flag =
      std::find_if(flagged.begin(), flagged.end(), [&](const Flagged& one) { return (entry.flags & one.flag) != 0; });
  if (flag != flagged.end()) {
    entry.kind = flag->kind;
    return;
  }
  const auto known = std::find_if(named.begin(), named.end(), [&](const Named& one) { return one.name == entry.name; });
  if (known != named.end()) {
    entry.kind = known->kind;
    return;
  }
  entry.kind = (entry.flags & cpython::type_flags::heap_type) != 0 ? ObjectKind::instance : ObjectKind::other;
  if (depth.bases >= deepest_base) return;
  // A class that derives from one of those keeps its data where that does.
  const auto word = word_of(entry, layout_.type.base);
  const std::uint64_t base = word ? word->value : 0;
  if (base == 0 || base == entry.address || (base & 7U) != 0) return;
  const auto slot = slot_of(base);
  const auto* const parent = slots_[slot].address == base
                                 ? slots_[slot].entry
                                 : read_type(base, {.metatypes = deepest_metatype - 1, .bases = depth.bases + 1});
  if (parent != nullptr && parent->kind != ObjectKind::other && parent->kind != ObjectKind::instance) {
    entry.kind = parent->kind;
  }
}

std::optional<Address> TypeTable::word_of(const TypeEntry& entry, cpython::Field<Address> field) const {
  if (!field.is_present()) return std::nullopt;
  const auto word = memory_.read_value<Address>({entry.address + field.offset()});
  return word ? std::optional(*word) : std::nullopt;
}

TypeEntry& TypeTable::add_runtime() {
  auto& entry = entries_.emplace_back();
  entry.index = static_cast<std::uint32_t>(entries_.size() - 1);
  entry.kind = ObjectKind::runtime;
  entry.name = "(interpreter)";
  entry.flags = 0;
  return entry;
}

TypeName TypeTable::name_of(const TypeEntry& entry) const {
  if ((entry.flags & cpython::type_flags::heap_type) == 0) {
    if (entry.kind == ObjectKind::runtime) return {.module = {}, .qualname = entry.name};
    if (entry.name.empty()) return {.module = {}, .qualname = "(a type whose name is not in memory)"};
    return split_name(entry.name, "builtins");
  }
  if (entry.name.find('.') != std::string::npos) return split_name(entry.name, {});  // PyType_FromSpec takes it whole
  TypeName name{.module = {}, .qualname = entry.name};
  if (auto qualified = cpython::read_class_qualname(memory_, layout_, {entry.address}); !qualified.empty()) {
    name.qualname = std::move(qualified);
  }
  constexpr std::size_t most_attributes = 4096;
  if (const auto dict = word_of(entry, layout_.type.dict)) {
    name.module = cpython::read_class_module(memory_, layout_, *dict, most_attributes).value_or(std::string());
  }
  return name;
}

}  // namespace tidemark::heap
