#include "detail/object_sizer.hpp"

#include <algorithm>

#include "tidemark/cpython/attributes.hpp"

namespace tidemark::heap {

namespace {

/// A piece that was read before, and the target for all else.
class ReadBefore final : public memory::MemorySource {
 public:
  ReadBefore(const memory::MemorySource& target, std::uint64_t start, std::span<const std::byte> bytes)
      : target_(target), start_(start), bytes_(bytes) {}

  [[nodiscard]] base::Result<void> read(base::Address from, std::span<std::byte> into) const override {
    const std::uint64_t at = from.value - start_;
    if (from.value < start_ || at > bytes_.size() || bytes_.size() - at < into.size()) return target_.read(from, into);
    std::memcpy(into.data(), bytes_.data() + at, into.size());
    return {};
  }

 private:
  const memory::MemorySource& target_;
  std::uint64_t start_;
  std::span<const std::byte> bytes_;
};

/// Whether what a rule counts beyond the fixed part lies in blocks that no object is. A generator's frame lies in its
/// own block, and the buffer of a BytesIO is an object itself.
bool has_buffers(SizeRule rule) {
  switch (rule) {
    case SizeRule::object:
    case SizeRule::integer:
    case SizeRule::frame:
    case SizeRule::generator:
    case SizeRule::bytes_io:
    case SizeRule::numpy_scalar:
      return false;
    default:
      return true;
  }
}

}  // namespace

TypeSizes ObjectSizer::of_type(const TypeEntry& type, TypeTable& types) {
  TypeSizes sizes{.owner_basic_size = type.basic_size, .values_bytes = values_bytes(type)};
  const auto owner = sizeofs_.find({type.address});
  const auto rule = owner && !owner->is_python ? find_size_rule(owner->name) : std::nullopt;
  sizes.rule = rule.value_or(SizeRule::object);
  sizes.has_own_sizeof = !rule || owner->has_unread_class;
  if (!rule) return sizes;
  if (const auto* const entry = types.find(owner->type.value)) sizes.owner_basic_size = entry->basic_size;
  return sizes;
}

/// shared_keys_usable_size() values behind a prefix of as many bytes and two more (new_values, Objects/dictobject.c).
std::uint64_t ObjectSizer::values_bytes(const TypeEntry& type) const {
  constexpr std::uint64_t most_shared_keys = 30, word = 8;
  const bool has_values = layout_.attributes.dict != 0 && !layout_.attributes.values_are_inline &&
                          (type.flags & cpython::type_flags::managed_dict) != 0;
  if (!has_values || !layout_.type.cached_keys.is_present() || !layout_.dict_keys.entries_used.is_present()) return 0;
  const auto keys = memory_.read_value<std::uint64_t>({type.address + layout_.type.cached_keys.offset()});
  if (!keys || *keys == 0) return 0;
  const std::uint64_t used_at = *keys + layout_.dict_keys.entries_used.offset();  // dk_usable stands before it
  const auto usable = memory_.read_value<std::int64_t>({used_at - word});
  const auto used = memory_.read_value<std::int64_t>({used_at});
  if (!usable || !used || *usable < 0 || *used < 0) return 0;
  const auto values = static_cast<std::uint64_t>(*usable) + static_cast<std::uint64_t>(*used);
  if (values == 0 || values > most_shared_keys) return 0;
  return (values + 2 + word - 1) / word * word + values * word;
}

/// To 3.12 a word before the object leads to its values: 3.11 has one for them, 3.12 marks them in that of the dict.
bool ObjectSizer::has_values(const FoundObject& found) const {
  const auto word_before = [&](std::int32_t offset) {
    // The walkers show the object from its start on; what lies before it is in the same block.
    return found.type.head_bytes >= static_cast<std::uint32_t>(-offset) ? load(found.bytes + offset) : 0;
  };
  if (layout_.attributes.values != 0) return word_before(layout_.attributes.values) != 0;
  return (word_before(layout_.attributes.dict) & 1U) != 0;
}

std::uint64_t ObjectSizer::beside(const TypeSizes& sizes, const FoundObject& found, std::uint64_t bytes) const {
  if (!has_buffers(sizes.rule)) return 0;
  const auto fixed = static_cast<std::uint64_t>(found.type.basic_size);
  if (sizes.rule == SizeRule::str) {
    return bytes <= found.held ? 0 : blocks_.of_python(bytes - found.held, found.is_debug);
  }
  if (bytes <= fixed) return 0;
  if (sizes.rule == SizeRule::bytearray && has_bytes_object(sizes.owner_basic_size)) return 0;  // which counts itself
  if (sizes.rule == SizeRule::ndarray) return BlockSizes::of_malloc(bytes - fixed);
  if (sizes.rule != SizeRule::deque) return blocks_.of_python(bytes - fixed, found.is_debug);
  constexpr std::uint64_t deque_block = 528;
  return (bytes - fixed) / deque_block * blocks_.of_python(deque_block, found.is_debug);
}

void ObjectSizer::take_size(const TypeSizes& sizes, const FoundObject& found, const memory::MemorySource& memory,
                            SeenObject& object) const {
  if (sizes.rule == SizeRule::object && found.type.item_size == 0) {  // as many are: the rule need not be asked
    object.bytes = static_cast<std::uint64_t>(found.type.basic_size) + found.type.head_bytes;
    return;
  }
  const SizedObject sized{.layout = layout_,
                          .address = found.address,
                          .seen = {found.bytes, static_cast<std::size_t>(found.seen)},
                          .basic_size = found.type.basic_size,
                          .item_size = found.type.item_size,
                          .owner_basic_size = sizes.owner_basic_size,
                          .type_name = found.type.name};
  const auto bytes =
      size_by_rule(sizes.rule, sized, memory).value_or(static_cast<std::uint64_t>(found.type.basic_size));
  object.bytes = bytes + found.type.head_bytes;
  object.held += beside(sizes, found, bytes);
}

std::uint64_t ObjectSizer::values_held(const TypeSizes& sizes, const FoundObject& found) const {
  if (sizes.values_bytes == 0 || !has_values(found)) return 0;
  return blocks_.of_python(sizes.values_bytes, found.is_debug);
}

bool ObjectSizer::measure_with_keys(const FoundObject& found, SeenObject& object) const {
  const auto keys = load(found.bytes + layout_.dict.keys.offset());
  const auto* const head = found.near != nullptr ? found.near->at(keys, key_head_bytes) : nullptr;
  if (head == nullptr) return false;
  take_size({.rule = SizeRule::dict}, found, ReadBefore(memory_, keys, {head, key_head_bytes}), object);
  return true;
}

PendingDict ObjectSizer::pending(const FoundObject& found, const SeenObject& object) const {
  PendingDict dict{.object = object,
                   .type = &found.type,
                   .keys = load(found.bytes + layout_.dict.keys.offset()),
                   .seen = static_cast<std::uint32_t>(std::min<std::uint64_t>(found.seen, PendingDict::head_bytes)),
                   .is_debug = found.is_debug};
  std::copy_n(found.bytes, dict.seen, dict.head.begin());
  return dict;
}

void ObjectSizer::measure(std::vector<PendingDict>& dicts) {
  const TypeSizes sizes{.rule = SizeRule::dict};
  key_heads_.resize(dicts.size());
  requests_.clear();
  for (std::size_t i = 0; i < dicts.size(); ++i) requests_.push_back({{dicts[i].keys}, key_heads_[i], {}});
  memory_.read_many(requests_);
  for (std::size_t i = 0; i < dicts.size(); ++i) {
    auto& dict = dicts[i];
    const std::span<const std::byte> keys = key_heads_[i];
    const ReadBefore memory(memory_, dict.keys, requests_[i].status ? keys : keys.first(0));
    take_size(sizes,
              {.type = *dict.type,
               .bytes = dict.head.data(),
               .seen = dict.seen,
               .address = dict.object.address,
               .held = dict.object.held,
               .is_debug = dict.is_debug},
              memory, dict.object);
  }
}

/// PyASCIIObject.state: `interned` is below `kind`.
bool ObjectSizer::is_interned(const FoundObject& object) const {
  if (!layout_.unicode.state.is_present() || layout_.unicode.state.end() > object.seen) return false;
  const auto state = load<std::uint32_t>(object.bytes + layout_.unicode.state.offset());
  return (state & ((1U << layout_.unicode.kind_bit) - 1)) != 0;
}

}  // namespace tidemark::heap
