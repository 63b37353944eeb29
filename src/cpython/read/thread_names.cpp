#include "thread_names.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "interpreters.hpp"
#include "tidemark/cpython/attributes.hpp"
#include "tidemark/cpython/dicts.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;
using base::Result;

base::Unexpected refused(ErrorCode code, Address at, const char* detail) {
  return base::fail(base::Error{.code = code, .doing = "read the names of threads", .address = at, .detail = detail});
}

void add_item(std::vector<Word>& words, const DictItem& item) {
  words.push_back({.at = item.key_slot, .value = item.key.value});
  words.push_back({.at = item.value_slot, .value = item.value.value});
}

void add_head(std::vector<Word>& words, const Layout& layout, Address dict, const DictHead& head) {
  words.push_back({.at = dict.plus(layout.dict.keys.offset()), .value = head.keys.value});
  words.push_back({.at = dict.plus(layout.dict.values.offset()), .value = head.values.value});
}

/// What changes when an item is added or taken away.
Evidence count_evidence(const Layout& layout, Address dict, const DictContents& contents,
                        std::vector<Word> words = {}) {
  add_head(words, layout, dict, contents.head);
  words.push_back(
      {.at = dict.plus(layout.dict.used.offset()), .value = static_cast<std::uint64_t>(contents.head.used)});
  words.push_back(
      {.at = contents.head.keys.plus(layout.dict_keys.entries_used.offset()), .value = contents.table.count});
  return Evidence(words, {});
}

base::Unexpected not_imported(Address interpreter) {
  return refused(ErrorCode::not_found, interpreter, "threading is not imported");
}

/// Whether another look may give what this one did not.
bool may_pass(const base::Error& error) {
  return error.code == ErrorCode::torn || error.code == ErrorCode::fault || error.code == ErrorCode::malformed;
}

}  // namespace

Result<std::shared_ptr<const NamesByIdent>> ThreadNames::read(Address interpreter) {
  if (states_.size() > max_interpreters) states_.clear();
  State& state = states_[interpreter.value];
  if (is_settled(state)) return state.names;
  if (state.absent && holds(*state.absent)) return not_imported(interpreter);
  base::Error last{.code = ErrorCode::torn, .doing = "read the names of threads", .address = interpreter};
  for (int attempt = 1; attempt <= max_name_attempts; ++attempt) {
    auto refreshed = refresh(state, interpreter);
    if (!refreshed) {
      last = std::move(refreshed).error();
      if (!may_pass(last)) return base::fail(std::move(last));
      state = {};
      continue;
    }
    const bool holds = check(state);
    if (!state.active) continue;
    if ((holds && (!state.has_unnamed || attempt > 1)) || attempt == max_name_attempts) return publish(state);
  }
  state = {};
  return base::fail(std::move(last));
}

bool ThreadNames::holds(Evidence& evidence) {
  batch_.clear();
  evidence.add_to(batch_);
  batch_.run(memory_);
  return evidence.holds(batch_);
}

/// Whether all is as it was, by one vector read.
bool ThreadNames::is_settled(State& state) {
  if (!state.names) return false;
  if (state.has_unnamed && ++state.readings >= readings_until_another_look) return false;
  return holds(state.all);
}

/// Keeps of the state what holds; whether all of it does.
bool ThreadNames::check(State& state) {
  batch_.clear();
  state.active->evidence.add_to(batch_);
  state.count.add_to(batch_);
  for (Named& named : state.named) named.evidence.add_to(batch_);
  batch_.run(memory_);
  if (!state.active->evidence.holds(batch_)) {
    state = {};
    return false;
  }
  const auto fails = [&](const Named& named) { return !named.evidence.holds(batch_); };
  return std::erase_if(state.named, fails) == 0 && state.count.holds(batch_);
}

std::shared_ptr<const NamesByIdent> ThreadNames::publish(State& state) const {
  std::vector<const Evidence*> parts{&state.active->evidence, &state.count};
  auto names = std::make_shared<NamesByIdent>();
  for (const Named& named : state.named) {
    parts.push_back(&named.evidence);
    names->emplace(named.ident, named.name);
  }
  state.all = {};
  state.all.merge(parts);
  state.readings = 0;
  if (!state.names || *state.names != *names) state.names = std::move(names);
  return state.names;
}

/// Reads threading._active, and all of its threads that are not known yet.
Result<void> ThreadNames::refresh(State& state, Address interpreter) {
  if (!state.active) {
    auto active = find_active(interpreter, state);
    if (!active) return base::fail(std::move(active).error());
    state.active = std::move(active).value();
  }
  auto contents = read_dict(memory_, layout_, state.active->dict, max_active_entries);
  if (!contents) return base::fail(std::move(contents).error());
  state.count = count_evidence(layout_, state.active->dict, *contents);
  std::unordered_map<std::uint64_t, Named> known;
  for (Named& named : state.named) known.emplace(named.thread.value, std::move(named));
  state.named.clear();
  state.has_unnamed = false;
  Lookups lookups;
  for (const DictItem& item : contents->items) {
    if (state.named.size() == max_named_threads) break;
    const auto old = known.find(item.value.value);
    if (old != known.end() && old->second.key == item.key) {
      state.named.push_back(std::move(old->second));
      known.erase(old);
    } else if (auto named = read_named(item, state.active->str_type, lookups)) {
      state.named.push_back(std::move(named).value());
    } else {
      state.has_unnamed = true;
    }
  }
  return {};
}

/// The item of sys.modules. Remembers when there is none.
Result<DictItem> ThreadNames::find_module(Address interpreter, State& state, std::vector<Word>& words) const {
  if (!layout_.interpreter.modules.is_present()) return refused(ErrorCode::unsupported, interpreter, "no sys.modules");
  const Address at = interpreter.plus(layout_.interpreter.modules.offset());
  const auto modules = memory_.read_value<Address>(at);
  if (!modules) return base::fail(modules.error());
  words.push_back({.at = at, .value = modules->value});
  const auto contents = read_dict(memory_, layout_, *modules, max_modules);
  if (!contents) return base::fail(contents.error());
  auto module = find_item(memory_, layout_, contents->items, "threading");
  if (!module) return base::fail(std::move(module).error());
  if (!*module) {
    state = {};
    state.absent = count_evidence(layout_, *modules, *contents, words);
    return not_imported(interpreter);
  }
  add_head(words, layout_, *modules, contents->head);
  add_item(words, **module);
  return **module;
}

Result<ThreadNames::Active> ThreadNames::find_active(Address interpreter, State& state) const {
  std::vector<Word> words;
  const auto module = find_module(interpreter, state, words);
  if (!module) return base::fail(module.error());
  Lookups lookups;
  const auto str_shape = shape_of(module->key, lookups, words);
  if (!str_shape) return base::fail(str_shape.error());
  if (!str_shape->has(type_flags::str_subclass)) return refused(ErrorCode::malformed, module->key, "the key is no str");
  const Address str_type{words.back().value};

  const auto shape = shape_of(module->value, lookups, words);
  if (!shape) return base::fail(shape.error());
  const auto attributes = read_attributes(memory_, layout_, module->value, *shape, max_module_names);
  if (!attributes) return base::fail(attributes.error());
  words.insert(words.end(), attributes->words.begin(), attributes->words.end());
  const auto active = find(attributes->items, "_active");
  if (!active) return base::fail(active.error());
  add_item(words, *active);
  const auto dict_shape = shape_of(active->value, lookups, words);
  if (!dict_shape) return base::fail(dict_shape.error());
  if (!dict_shape->has(type_flags::dict_subclass)) return refused(ErrorCode::malformed, active->value, "it is no dict");
  return Active{.dict = active->value, .str_type = str_type, .evidence = Evidence(words, {})};
}

/// Of the object's type, which is added to the words.
Result<TypeShape> ThreadNames::shape_of(Address object, Lookups& lookups, std::vector<Word>& words) const {
  const Address at = object.plus(layout_.object.type.offset());
  const auto type = memory_.read_value<Address>(at);
  if (!type) return base::fail(type.error());
  words.push_back({.at = at, .value = type->value});
  const auto known = lookups.shapes.find(type->value);
  if (known != lookups.shapes.end()) return known->second;
  auto shape = read_type_shape(memory_, layout_, *type);
  if (shape) lookups.shapes.emplace(type->value, *shape);
  return shape;
}

Result<DictItem> ThreadNames::find(Items items, std::string_view name) const {
  auto found = find_item(memory_, layout_, items, name);
  if (!found) return base::fail(std::move(found).error());
  if (!*found) return refused(ErrorCode::not_found, {}, name.data());
  return **found;
}

/// The same where the key is most often the string that it was last time.
Result<DictItem> ThreadNames::find(Items items, std::string_view name, Address& known_key) const {
  const auto at = std::ranges::find(items, known_key, &DictItem::key);
  if (at != items.end()) return *at;
  auto found = find(items, name);
  if (found) known_key = found->key;
  return found;
}

Result<ThreadNames::Named> ThreadNames::read_named(const DictItem& item, Address str_type, Lookups& lookups) const {
  std::vector<Word> words;
  std::vector<Witness> witnesses;
  add_item(words, item);
  auto ident = copy_integer(memory_, layout_, item.key);
  if (!ident) return base::fail(std::move(ident).error());
  witnesses.push_back(std::move(ident->witness));
  const auto shape = shape_of(item.value, lookups, words);
  if (!shape) return base::fail(shape.error());
  const auto attributes = read_attributes(memory_, layout_, item.value, *shape, max_thread_attributes);
  if (!attributes) return base::fail(attributes.error());
  words.insert(words.end(), attributes->words.begin(), attributes->words.end());

  const auto own_ident = find(attributes->items, "_ident", lookups.ident_key);
  if (!own_ident) return base::fail(own_ident.error());
  add_item(words, *own_ident);
  const auto is_own = is_ident(*own_ident, item.key, ident->value, witnesses);
  if (!is_own) return base::fail(is_own.error());
  if (!*is_own) return refused(ErrorCode::torn, item.value, "another thread's ident");

  const auto name = find(attributes->items, "_name", lookups.name_key);
  if (!name) return base::fail(name.error());
  add_item(words, *name);
  const auto name_shape = shape_of(name->value, lookups, words);
  if (!name_shape) return base::fail(name_shape.error());
  if (words.back().value != str_type.value) return refused(ErrorCode::malformed, name->value, "the name is no str");
  auto text = copy_text(memory_, layout_, name->value);
  if (!text) return base::fail(std::move(text).error());
  witnesses.push_back(std::move(text->witness));
  return Named{.key = item.key,
               .thread = item.value,
               .ident = ident->value,
               .name = std::move(text->text),
               .evidence = Evidence(words, witnesses)};
}

/// Whether the attribute is that ident: most often it is the very int that is the key.
Result<bool> ThreadNames::is_ident(const DictItem& own, Address key, std::uint64_t ident,
                                   std::vector<Witness>& witnesses) const {
  if (own.value == key) return true;
  auto value = copy_integer(memory_, layout_, own.value);
  if (!value) return base::fail(std::move(value).error());
  witnesses.push_back(std::move(value->witness));
  return value->value == ident;
}

}  // namespace tidemark::cpython
