#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "render_impl.hpp"
#include "render_numbers.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::uint64_t word_bytes = 8;

/// What a type code of array says of an item (descriptors of Modules/arraymodule.c); `size` 0: no such code.
struct ArrayItem {
  std::uint32_t size = 0;
  bool is_signed = false, is_floating = false, is_character = false;
};

ArrayItem item_of(char code) {
  constexpr std::string_view signed_codes = "bhilq", codes = "bhilqBHILQ";
  constexpr std::array<std::uint32_t, 5> sizes{1, 2, 4, 8, 8};
  if (code == 'f') return {.size = 4, .is_floating = true};
  if (code == 'd') return {.size = 8, .is_floating = true};
  if (code == 'u' || code == 'w') return {.size = 4, .is_character = true};  // wchar_t, Py_UCS4
  const auto at = codes.find(code);
  if (at == std::string_view::npos) return {};
  return {.size = sizes[at % sizes.size()], .is_signed = at < signed_codes.size()};
}

template <class T>
T load(std::span<const std::byte> bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
  return value;
}

std::string number_text(const ArrayItem& item, std::span<const std::byte> bytes) {
  if (item.is_floating) return float_text(item.size == 4 ? double{load<float>(bytes)} : load<double>(bytes));
  const auto number = load<std::uint64_t>(bytes);
  if (!item.is_signed) return std::to_string(number);
  const unsigned unused = 64 - 8 * item.size;  // bits; the sign comes down with the shift
  return std::to_string(static_cast<std::int64_t>(number << unused) >> unused);
}

std::vector<std::string> number_texts(const ArrayItem& item, std::span<const std::byte> bytes) {
  std::vector<std::string> texts;
  for (; bytes.size() >= item.size; bytes = bytes.subspan(item.size)) {
    texts.push_back(number_text(item, bytes.first(item.size)));
  }
  return texts;
}

}  // namespace

/// dequeobject: leftblock, rightblock, leftindex, rightindex, state, maxlen; a block: leftlink, 64 items, rightlink
/// (Modules/_collectionsmodule.c).
void Renderer::put_deque(const Shown& shown) {
  constexpr std::uint64_t block_items = 64, right_link = word_bytes * (block_items + 1);
  const std::uint64_t head = after_var_head();
  const auto size = size_of(shown.object), index = at<std::int64_t>(shown.object, head + 2 * word_bytes);
  auto block = at<Address>(shown.object, head);
  const auto longest = at<std::int64_t>(shown.object, head + 5 * word_bytes);
  if (!size || !index || !block || !longest || *size < 0 || *index < 0) return put_unreadable(shown.object);
  text_.put("deque([");
  Items items(*this, static_cast<std::uint64_t>(*size), shown.depth);
  for (auto item = static_cast<std::uint64_t>(*index); !items.is_enough(); ++item) {
    if (item >= block_items) {
      block = at<Address>(*block, right_link);
      item = 0;
    }
    const auto value = block ? at<Address>(*block, word_bytes * (1 + item)) : std::nullopt;
    if (!value) break;
    items.begin_next();
    put(*value, items.inner_depth());
  }
  items.end();
  text_.put(*longest < 0 ? "])" : "], maxlen=" + std::to_string(*longest) + ")");
}

/// arrayobject: ob_item, allocated, ob_descr; an arraydescr begins with the type code (Modules/arraymodule.c).
void Renderer::put_array(const Shown& shown) {
  const std::uint64_t head = after_var_head();
  const auto size = size_of(shown.object);
  const auto items = at<Address>(shown.object, head), descriptor = at<Address>(shown.object, head + 2 * word_bytes);
  const char code = descriptor ? at<char>(*descriptor, 0).value_or('\0') : '\0';
  const ArrayItem item = item_of(code);
  if (!size || !items || *size < 0 || item.size == 0) return put_address(shown, shown.type.c_name);
  const auto all = static_cast<std::uint64_t>(*size);
  const std::uint64_t most = item.is_character ? options_.columns + 1 : options_.items;
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(all, most) * item.size));
  if (!bytes.empty() && !memory_.read(*items, bytes)) return put_unreadable(shown.object);
  text_.put("array('" + std::string(1, code) + "'");
  if (all != 0) {
    text_.put(", ");
    if (item.is_character) {
      std::vector<char32_t> characters(bytes.size() / item.size);
      std::memcpy(characters.data(), bytes.data(), bytes.size());
      text_.put_quoted(characters, characters.size() == all);
    } else {
      put_numbers(number_texts(item, bytes), all);
    }
  }
  text_.put(")");
}

void Renderer::put_numbers(const std::vector<std::string>& numbers, std::uint64_t all) {
  text_.put("[");
  Items items(*this, all, 1);  // deep enough for what holds nothing
  for (const std::string& number : numbers) {
    if (items.is_enough()) break;
    items.begin_next();
    text_.put(number);
  }
  items.end();
  text_.put("]");
}

/// PySliceObject: start, stop, step (Include/sliceobject.h); rangeobject the same (Objects/rangeobject.c).
void Renderer::put_slice(const Shown& shown, bool is_range) {
  const std::uint64_t head = after_head();
  const auto start = at<Address>(shown.object, head), stop = at<Address>(shown.object, head + word_bytes);
  const auto step = at<Address>(shown.object, head + 2 * word_bytes);
  if (!start || !stop || !step) return put_unreadable(shown.object);
  const std::size_t inner = shown.depth == 0 ? 0 : shown.depth - 1;
  text_.put(is_range ? "range(" : "slice(");
  put(*start, inner);
  text_.put(", ");
  put(*stop, inner);
  const bool has_usual_step = is_range && integer_text(memory_, layout_, *step) == "1";
  if (!has_usual_step) {
    text_.put(", ");
    put(*step, inner);
  }
  text_.put(")");
}

}  // namespace tidemark::cpython
