// Purpose: the fields of one object whose size is asked for: out of the bytes at hand, else out of the target.
// Invariant: a sum of parts that no object has is no size.
#pragma once

#include <cstring>
#include <optional>

#include "size_rules.hpp"
#include "tidemark/cpython/layout.hpp"

namespace tidemark::heap {

/// No object is larger: user space is half of that.
inline constexpr std::uint64_t largest_object = std::uint64_t{1} << 48;

class SizedFields {
 public:
  SizedFields(const SizedObject& object, const memory::MemorySource& memory) : object_(object), memory_(memory) {}

  /// At an offset from the object's start.
  template <class T>
  [[nodiscard]] std::optional<T> at(std::uint64_t offset) const {
    T value;
    if (offset <= object_.seen.size() && object_.seen.size() - offset >= sizeof(T)) {
      std::memcpy(&value, object_.seen.data() + offset, sizeof(T));
      return value;
    }
    return there<T>(object_.address + offset);
  }
  template <class T>
  [[nodiscard]] std::optional<T> at(cpython::Field<T> field) const {
    return field.is_present() ? at<T>(field.offset()) : std::nullopt;
  }
  /// Somewhere else. Not inline: nearly all that is asked for was seen.
  template <class T>
  [[nodiscard]] [[gnu::noinline]] std::optional<T> there(std::uint64_t address) const {
    const auto value = memory_.read_value<T>({address});
    return value ? std::optional<T>(*value) : std::nullopt;
  }
  /// ob_size of another object.
  [[nodiscard]] std::optional<std::int64_t> items_of(std::uint64_t address) const {
    if (!layout().object.size.is_present()) return std::nullopt;
    return there<std::int64_t>(address + layout().object.size.offset());
  }

  [[nodiscard]] const SizedObject& object() const { return object_; }
  [[nodiscard]] const cpython::Layout& layout() const { return object_.layout; }
  [[nodiscard]] const memory::MemorySource& memory() const { return memory_; }

  /// tp_basicsize and `count` items of `bytes` each.
  [[nodiscard]] std::optional<std::uint64_t> with_items(std::optional<std::int64_t> count, std::uint64_t bytes) const {
    return sum(static_cast<std::uint64_t>(object_.basic_size), count, bytes);
  }
  [[nodiscard]] static std::optional<std::uint64_t> sum(std::uint64_t first, std::optional<std::int64_t> count,
                                                        std::uint64_t bytes) {
    if (!count || *count < 0 || first > largest_object || bytes > largest_object) return std::nullopt;
    const auto items = static_cast<std::uint64_t>(*count);
    if (bytes != 0 && items > (largest_object - first) / bytes) return std::nullopt;
    return first + items * bytes;
  }

 private:
  const SizedObject& object_;
  const memory::MemorySource& memory_;
};

// The rules of more than a few lines.
[[nodiscard]] std::optional<std::uint64_t> size_of_str(const SizedFields& object);
[[nodiscard]] std::optional<std::uint64_t> size_of_dict(const SizedFields& object);
[[nodiscard]] std::optional<std::uint64_t> size_of_code(const SizedFields& object);
[[nodiscard]] std::optional<std::uint64_t> size_of_frame(const SizedFields& object);
[[nodiscard]] std::optional<std::uint64_t> size_of_generator(const SizedFields& object);
[[nodiscard]] std::optional<std::uint64_t> size_of_ndarray(const SizedFields& object);
[[nodiscard]] std::optional<std::uint64_t> size_of_numpy_scalar(const SizedFields& object);

}  // namespace tidemark::heap
