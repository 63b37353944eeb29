// Reads objects of a running Python by our readers, for tests that know the truth: `object_reader PID`, then one
// command per line on stdin, each answered by one line of JSON:
//   names              {"interpreters": [{"id", "names": {ident: name}, "same_object"} or {"id", "error"}]}
//   attributes ADDRESS {"items": [[key, value]]} of those keys and values that are str or int, or {"error"}
//   dict ADDRESS       the same of a dict
//   sizeof ADDRESS     {"size", "owner"}: what sys.getsizeof() says by our rules, and whose __sizeof__ that is; no size
//                      where there is no rule
//   render ADDRESS     {"text", "references", "type"}: the object as text of any width
//   gc                 {"counts", "whole", "objects": [addresses of each list]}, or {"error"}
//   watch N            {"pairs": [[ident, name]], "torn"}: all that N readings of the main interpreter's names gave
#include <array>
#include <charconv>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "detail/size_rules.hpp"
#include "detail/types.hpp"
#include "locate/runtime.hpp"
#include "read/interpreters.hpp"
#include "read/thread_names.hpp"
#include "tidemark/cpython/attributes.hpp"
#include "tidemark/cpython/dicts.hpp"
#include "tidemark/cpython/gc_lists.hpp"
#include "tidemark/cpython/objects.hpp"
#include "tidemark/cpython/refcounts.hpp"
#include "tidemark/cpython/render.hpp"
#include "tidemark/cpython/sizeof.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/proc/proc_root.hpp"
#include "tidemark/proc/process_files.hpp"

namespace {

using namespace tidemark;
using base::Address;
using nlohmann::json;

constexpr std::size_t max_items = 1 << 20;
constexpr std::uint64_t long_subclass = 1U << 24;

class ObjectReader {
 public:
  ObjectReader(const memory::MemorySource& memory, const cpython::LocatedRuntime& runtime)
      : memory_(memory), runtime_(runtime), layout_(runtime.layout), names_(memory, layout_) {}

  json answer(const std::string& command) {
    const auto space = command.find(' ');
    const std::string verb = command.substr(0, space);
    std::uint64_t number = 0;
    if (space != std::string::npos) {
      std::from_chars(command.data() + space + 1, command.data() + command.size(), number);
    }
    if (verb == "names") return all_names();
    if (verb == "watch") return watch(number);
    if (verb == "dict") return dict(Address{number});
    if (verb == "attributes") return attributes(Address{number});
    if (verb == "render") return render(Address{number});
    if (verb == "gc") return gc();
    if (verb == "sizeof") return size(Address{number});
    return {{"error", "no such command: " + verb}};
  }

 private:
  json all_names() {
    const auto places = cpython::interpreters(memory_, layout_, runtime_.place.runtime);
    if (!places) return {{"error", base::describe(places.error())}};
    json list = json::array();
    for (const auto& place : *places) {
      json one{{"id", place.id}};
      const auto names = names_.read(place.address);
      if (!names) {
        one["error"] = base::describe(names.error());
      } else {
        one["names"] = json::object();
        for (const auto& [ident, name] : **names) one["names"][std::to_string(ident)] = name;
        auto& last = last_[place.id];
        one["same_object"] = last == *names;
        last = *names;
      }
      list.push_back(std::move(one));
    }
    return {{"interpreters", std::move(list)}};
  }

  json watch(std::uint64_t readings) {
    std::set<std::pair<std::uint64_t, std::string>> pairs;
    std::uint64_t torn = 0;
    for (std::uint64_t i = 0; i < readings; ++i) {
      const auto places = cpython::interpreters(memory_, layout_, runtime_.place.runtime);
      const auto names = places
                             ? names_.read(places->front().address)
                             : base::Result<std::shared_ptr<const cpython::NamesByIdent>>(base::fail(places.error()));
      if (!names) {
        ++torn;
      } else {
        for (const auto& [ident, name] : **names) pairs.emplace(ident, name);
      }
    }
    return {{"pairs", pairs}, {"torn", torn}};
  }

  json dict(Address address) {
    const auto contents = cpython::read_dict(memory_, layout_, address, max_items);
    if (!contents) return {{"error", base::describe(contents.error())}};
    return {{"items", values_of(contents->items)}};
  }

  json attributes(Address address) {
    const auto shape = shape_of(address);
    if (!shape) return {{"error", base::describe(shape.error())}};
    const auto found = cpython::read_attributes(memory_, layout_, address, *shape, max_items);
    if (!found) return {{"error", base::describe(found.error())}};
    return {{"items", values_of(found->items)}};
  }

  json render(Address address) {
    const auto type = memory_.read_value<Address>(address.plus(layout_.object.type.offset()));
    return {{"text", cpython::render_object(memory_, layout_, address, {.columns = 9999, .depth = 9, .items = 1000})},
            {"short", cpython::render_object(memory_, layout_, address)},
            {"references", cpython::read_refcount(memory_, layout_, address).value_or(-1)},
            {"type", type ? cpython::render_type_name(memory_, layout_, *type) : ""}};
  }

  json gc() {
    std::array<std::vector<std::uint64_t>, cpython::gc_list_count> objects;
    const auto lists = cpython::read_gc_lists(memory_, layout_, runtime_.place, {}, [&](Address object, auto list) {
      objects.at(static_cast<std::size_t>(list)).push_back(object.value);
    });
    if (!lists) return {{"error", base::describe(lists.error())}};
    return {{"counts", lists->counts}, {"whole", lists->is_whole()}, {"objects", objects}};
  }

  json size(Address address) {
    const auto type = memory_.read_value<Address>(address.plus(layout_.object.type.offset()));
    const auto* const entry = type ? types_.find(type->value) : nullptr;
    if (entry == nullptr) return {{"error", "no type"}};
    const auto owner = cpython::find_sizeof(memory_, layout_, *type);
    if (!owner) return {{"error", base::describe(owner.error())}};
    json answer{{"owner", owner->name}, {"is_python", owner->is_python}};
    const auto rule = owner->is_python ? std::nullopt : heap::find_size_rule(owner->name);
    const auto* const defines = types_.find(owner->type.value);
    if (!rule || defines == nullptr) return answer;
    const auto size = heap::size_by_rule(*rule,
                                         {.layout = layout_,
                                          .address = address.value,
                                          .seen = {},
                                          .basic_size = entry->basic_size,
                                          .item_size = entry->item_size,
                                          .owner_basic_size = defines->basic_size,
                                          .type_name = entry->name},
                                         memory_);
    if (size) answer["size"] = *size + entry->head_bytes;
    return answer;
  }

  json values_of(const std::vector<cpython::DictItem>& items) {
    json list = json::array();
    for (const auto& item : items) {
      const json key = value_of(item.key);
      const json value = value_of(item.value);
      if (!key.is_null() && !value.is_null()) list.push_back({key, value});
    }
    return list;
  }

  /// Null for what is neither str nor an int of 64 bits.
  json value_of(Address object) {
    const auto shape = shape_of(object);
    if (!shape) return nullptr;
    if (shape->has(cpython::type_flags::str_subclass)) {
      const auto text = cpython::read_unicode(memory_, layout_, object);
      return text ? json(*text) : json(nullptr);
    }
    if (!shape->has(long_subclass)) return nullptr;
    const auto number = cpython::read_integer(memory_, layout_, object);
    return number ? json(*number) : json(nullptr);
  }

  base::Result<cpython::TypeShape> shape_of(Address object) {
    const auto type = memory_.read_value<Address>(object.plus(layout_.object.type.offset()));
    if (!type) return base::fail(type.error());
    return cpython::read_type_shape(memory_, layout_, *type);
  }

  const memory::MemorySource& memory_;
  const cpython::LocatedRuntime& runtime_;
  const cpython::Layout& layout_;
  cpython::ThreadNames names_;
  std::map<std::int64_t, std::shared_ptr<const cpython::NamesByIdent>> last_;
  heap::ArenaSet arenas_;
  heap::TypeTable types_{
      memory_, layout_,
      memory_.read_value<std::uint64_t>(runtime_.place.code_type.plus(layout_.object.type.offset())).value_or(0),
      arenas_};
};

int failed(const std::string& text) {
  std::cerr << "object_reader: " << text << '\n';
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  base::Pid pid = 0;
  const std::string_view word = count == 2 ? arguments[1] : "";
  std::from_chars(word.data(), word.data() + word.size(), pid);
  if (pid <= 0) return failed("one argument: PID");
  const auto root = proc::ProcRoot::open();
  if (!root) return failed(base::describe(root.error()));
  const auto files = proc::ProcessFiles::open(*root, pid);
  if (!files) return failed(base::describe(files.error()));
  const auto memory = memory::LiveMemory::open(root->fd(), pid);
  if (!memory) return failed(base::describe(memory.error()));
  const auto located = cpython::locate_runtimes(*files, **memory, {});
  if (const auto* failure = std::get_if<cpython::OpenFailure>(&located.front())) {
    return failed(base::describe(failure->error));
  }
  ObjectReader reader(**memory, std::get<cpython::LocatedRuntime>(located.front()));
  for (std::string line; std::getline(std::cin, line);) std::cout << reader.answer(line).dump() << std::endl;
  return 0;
}
