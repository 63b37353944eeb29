#include <array>
#include <cstddef>

#include "tidemark/cpython/layout_fields.hpp"

namespace tidemark::cpython {

namespace {

/// Becomes whatever a member is initialised with.
struct Anything {
  template <class T>
    requires(!std::is_same_v<T, std::optional<std::uint8_t>> && !std::is_same_v<T, std::optional<std::uint32_t>>)
  constexpr operator T() const {  // NOLINT: implicit on purpose
    return T{};
  }
};

/// How many members a struct has: as many as it can be initialised with.
template <class T, class... Members>
consteval std::size_t member_count() {
  if constexpr (requires { T{Members{}..., Anything{}}; }) {
    return member_count<T, Members..., Anything>();
  } else {
    return sizeof...(Members);
  }
}

/// How many entries of a group are visited.
consteval std::size_t visited_in(std::string_view group) {
  std::size_t count = 0;
  const Layout layout;
  for_each_field(layout, [&](std::string_view name, const auto&) {
    if (name.substr(0, name.find('.')) == group) ++count;
  });
  return count;
}

consteval std::size_t visited_groups() {
  std::size_t count = 0;
  std::string_view last;
  const Layout layout;
  for_each_field(layout, [&](std::string_view name, const auto&) {
    const auto group = name.substr(0, name.find('.'));
    if (group != last) ++count;
    last = group;
  });
  return count;
}

template <class Group>
consteval bool is_whole(std::string_view name) {
  return visited_in(name) == member_count<Group>();
}

constexpr std::size_t members_that_are_no_entries = 7;  // from `major` to `free_threaded`
static_assert(visited_groups() + members_that_are_no_entries == member_count<Layout>());
static_assert(is_whole<Layout::Runtime>("runtime"));
static_assert(is_whole<Layout::Interpreter>("interpreter"));
static_assert(is_whole<Layout::Thread>("thread"));
static_assert(is_whole<Layout::StackChunk>("stack_chunk"));
static_assert(is_whole<Layout::Pthread>("pthread"));
static_assert(is_whole<Layout::CFrame>("cframe"));
static_assert(is_whole<Layout::Frame>("frame"));
static_assert(is_whole<Layout::FrameOwners>("frame_owners"));
static_assert(is_whole<Layout::Code>("code"));
static_assert(is_whole<Layout::CodeArray>("code_array"));
static_assert(is_whole<Layout::GcState>("gc"));
static_assert(is_whole<Layout::Generation>("generation"));
static_assert(is_whole<Layout::GenerationStats>("generation_stats"));
static_assert(is_whole<Layout::Stats>("stats"));
static_assert(is_whole<Layout::Gil>("gil"));
static_assert(is_whole<Layout::Object>("object"));
static_assert(is_whole<Layout::Type>("type"));
static_assert(is_whole<Layout::Dict>("dict"));
static_assert(is_whole<Layout::DictKeys>("dict_keys"));
static_assert(is_whole<Layout::Attributes>("attributes"));
static_assert(is_whole<Layout::Long>("integer"));
static_assert(is_whole<Layout::Unicode>("unicode"));
static_assert(is_whole<Layout::BytesObject>("bytes"));
static_assert(is_whole<Layout::Tuple>("tuple"));
static_assert(is_whole<Layout::Function>("function"));

}  // namespace

std::vector<std::string_view> differences(const Layout& a, const Layout& b) {
  std::vector<std::string_view> names;
  for_each_field(a, [&](std::string_view name, const auto& left) {
    for_each_field(b, [&](std::string_view other, const auto& right) {
      if constexpr (std::is_same_v<decltype(left), decltype(right)>) {
        if (name == other && left != right) names.push_back(name);
      }
    });
  });
  return names;
}

}  // namespace tidemark::cpython
