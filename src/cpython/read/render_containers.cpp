#include <algorithm>

#include "render_impl.hpp"
#include "render_numbers.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

constexpr std::uint64_t word_bytes = 8;
constexpr std::size_t max_fields = 256;  // of a named tuple
constexpr std::size_t set_entries_at_once = 512;
constexpr std::uint64_t max_set_entries_read = 65'536;  // in search of a few that are in use
constexpr std::size_t max_dict_entries_read = 4'096;

/// Entry of a set: key, hash (Include/cpython/setobject.h).
struct SetEntry {
  Address key;
  std::int64_t hash = 0;
};

}  // namespace

bool Renderer::Items::is_enough() const {
  return depth_ == 0 || shown_ >= all_ || shown_ >= renderer_.options_.items || renderer_.text_.is_full();
}

void Renderer::Items::begin_next() {
  if (shown_++ != 0) renderer_.text_.put(", ");
}

void Renderer::Items::end() {
  if (shown_ >= all_) return;
  if (depth_ == 0) return renderer_.text_.put("…");
  const std::string left = grouped(all_ - shown_);
  renderer_.text_.put(shown_ == 0 ? "… " + left : ", … " + left + " more");
}

void Renderer::put_pointers(const Shown& shown, std::string_view open, Address items, std::int64_t count,
                            std::string_view close) {
  if (count < 0) return put_unreadable(shown.object);
  const auto all = static_cast<std::uint64_t>(count);
  std::vector<Address> pointers(shown.depth == 0 ? 0 : std::min(static_cast<std::size_t>(all), options_.items));
  if (!pointers.empty() && !memory_.read(items, std::as_writable_bytes(std::span(pointers)))) {
    return put_unreadable(shown.object);
  }
  text_.put(open);
  Items listed(*this, all, shown.depth);
  for (const Address item : pointers) {
    if (listed.is_enough()) break;
    listed.begin_next();
    put(item, listed.inner_depth());
  }
  listed.end();
  text_.put(close);
}

void Renderer::put_list(const Shown& shown) {
  const auto size = size_of(shown.object);
  const auto items = at<Address>(shown.object, after_var_head());  // ob_item
  if (!size || !items) return put_unreadable(shown.object);
  put_pointers(shown, "[", *items, *size, "]");
}

void Renderer::put_tuple(const Shown& shown) {
  const auto size = size_of(shown.object);
  if (!size) return put_unreadable(shown.object);
  const bool is_opened_single = *size == 1 && shown.depth != 0;
  put_pointers(shown, "(", shown.object.plus(layout_.tuple.items), *size, is_opened_single ? ",)" : ")");
}

std::vector<Address> Renderer::names_of_fields(const RenderedType& type) {
  const Address fields = types_.attribute(type, "_fields");
  const auto size = is_plausible_pointer(fields) ? size_of(fields) : std::nullopt;
  if (!size || *size <= 0 || static_cast<std::uint64_t>(*size) > max_fields) return {};
  std::vector<Address> names(static_cast<std::size_t>(*size));
  if (!memory_.read(fields.plus(layout_.tuple.items), std::as_writable_bytes(std::span(names)))) return {};
  return names;
}

/// collections.namedtuple() and typing.NamedTuple keep the names of their fields in _fields.
bool Renderer::put_named_tuple(const Shown& shown) {
  const auto names = names_of_fields(shown.type);
  const auto size = size_of(shown.object);
  if (names.empty() || !size || static_cast<std::uint64_t>(*size) != names.size()) return false;
  text_.put_name(types_.qualname(shown.type));
  text_.put("(");
  Items items(*this, names.size(), shown.depth);
  for (std::size_t i = 0; !items.is_enough(); ++i) {
    const auto value = at<Address>(shown.object, layout_.tuple.items + i * word_bytes);
    const auto name = read_characters(memory_, layout_, names[i], options_.columns);
    items.begin_next();
    for (const char32_t character : name ? name->text : std::vector<char32_t>{U'?'}) text_.put_character(character);
    text_.put("=");
    put(value.value_or(Address{}), items.inner_depth());
  }
  items.end();
  text_.put(")");
  return true;
}

/// As many items as are shown: the entries are read in parts, so that a large dict costs what a small one does.
std::optional<std::vector<DictItem>> Renderer::first_items(Address dict, std::int64_t& used) {
  const auto& where = layout_.dict;
  if (!where.used.is_present() || !where.keys.is_present() || !where.values.is_present()) return std::nullopt;
  const auto count = at<std::int64_t>(dict, where.used.offset());
  const auto keys = at<Address>(dict, where.keys.offset()), values = at<Address>(dict, where.values.offset());
  if (!count || !keys || !values || *count < 0) return std::nullopt;
  used = *count;
  const auto table = read_key_table(memory_, layout_, *keys, max_dict_entries);
  if (!table) return std::nullopt;
  std::vector<DictItem> items;
  const auto most = std::min(table->count, max_dict_entries_read);
  for (std::size_t i = 0; i < most && items.size() < options_.items; ++i) {
    const Address entry = table->entries.plus(i * table->entry_bytes);
    const Address value_slot =
        values->is_null() ? entry.plus(table->value_at) : values->plus(layout_.attributes.values_data + i * word_bytes);
    const auto key = at<Address>(entry, table->key_at), value = at<Address>(value_slot, 0);
    if (!key || !value) return std::nullopt;
    if (key->is_null() || value->is_null()) continue;
    items.push_back({.key = *key, .value = *value, .key_slot = entry, .value_slot = value_slot});
  }
  return items;
}

void Renderer::put_dict(const Shown& shown) {
  std::int64_t used = 0;
  const auto first = first_items(shown.object, used);
  if (!first) return put_unreadable(shown.object);
  text_.put("{");
  Items items(*this, static_cast<std::uint64_t>(used), shown.depth);
  for (const DictItem& item : *first) {
    if (items.is_enough()) break;
    items.begin_next();
    put(item.key, items.inner_depth());
    text_.put(": ");
    put(item.value, items.inner_depth());
  }
  items.end();
  text_.put("}");
}

/// PySetObject: fill, used, mask, table. A key that was taken out leaves a dummy, whose hash is -1, as no key's is.
void Renderer::put_set(const Shown& shown) {
  const bool is_frozen = shown.type.c_name == "frozenset";
  const auto used = at<std::int64_t>(shown.object, after_head() + word_bytes);
  const auto mask = at<std::uint64_t>(shown.object, after_head() + 2 * word_bytes);
  const auto table = at<Address>(shown.object, after_head() + 3 * word_bytes);
  if (!used || !mask || !table || *used < 0) return put_unreadable(shown.object);
  if (*used == 0) return text_.put(is_frozen ? "frozenset()" : "set()");
  text_.put(is_frozen ? "frozenset({" : "{");
  Items items(*this, static_cast<std::uint64_t>(*used), shown.depth);
  const std::uint64_t slots = std::min(*mask, max_set_entries_read - 1) + 1;
  std::vector<SetEntry> entries;
  for (std::uint64_t i = 0; i < slots && !items.is_enough(); ++i) {
    if (i % set_entries_at_once == 0) {
      entries.resize(static_cast<std::size_t>(std::min(slots - i, std::uint64_t{set_entries_at_once})));
      const auto bytes = std::as_writable_bytes(std::span(entries));
      if (!memory_.read(table->plus(i * sizeof(SetEntry)), bytes)) break;
    }
    const SetEntry& entry = entries[static_cast<std::size_t>(i % set_entries_at_once)];
    if (entry.key.is_null() || entry.hash == -1) continue;
    items.begin_next();
    put(entry.key, items.inner_depth());
  }
  items.end();
  text_.put(is_frozen ? "})" : "}");
}

}  // namespace tidemark::cpython
