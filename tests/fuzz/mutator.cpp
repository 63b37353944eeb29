#include "mutator.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace tidemark::fuzz {

namespace {

/// 0 to count - 1.
std::uint64_t below(std::uint64_t count, std::minstd_rand& random) {
  return std::uniform_int_distribution<std::uint64_t>(0, count - 1)(random);
}

/// Sizes, counts and pointers that readers go wrong on.
std::uint64_t interesting(std::minstd_rand& random) {
  using Signed = std::numeric_limits<std::int64_t>;
  constexpr std::array<std::int64_t, 24> values{0,
                                                1,
                                                2,
                                                7,
                                                8,
                                                -1,
                                                -2,
                                                -8,
                                                0x7f,
                                                0x80,
                                                0xff,
                                                0x100,
                                                0xffff,
                                                0x10000,
                                                1 << 20,
                                                (1 << 20) + 1,
                                                0x7fffffff,
                                                0x80000000,
                                                0xffffffff,
                                                1LL << 32,
                                                1LL << 47,
                                                (1LL << 47) - 8,
                                                Signed::max(),
                                                Signed::min()};
  const auto value = static_cast<std::uint64_t>(values[below(values.size(), random)]);
  return below(4, random) == 0 ? value + below(16, random) : value;
}

std::uint64_t operand(std::minstd_rand& random) {
  return below(4, random) == 0 ? below(std::numeric_limits<std::uint64_t>::max(), random) : interesting(random);
}

/// Mostly a pointer; else a word of any struct, however small; else of the whole image, which is mostly text.
std::uint32_t place(const Words& words, std::minstd_rand& random) {
  const std::uint64_t die = below(8, random);
  if (die < 4 && !words.pointers().empty()) return words.pointers()[below(words.pointers().size(), random)];
  if (die < 7) {
    const auto& starts = words.segment_starts();
    const std::size_t segment = below(starts.size() - 1, random);
    if (starts[segment + 1] > starts[segment]) {
      return starts[segment] + static_cast<std::uint32_t>(below(starts[segment + 1] - starts[segment], random));
    }
  }
  return static_cast<std::uint32_t>(below(words.size(), random));
}

Edit new_edit(const Words& words, std::minstd_rand& random) {
  constexpr std::array kinds{EditKind::set_word, EditKind::set_word,  EditKind::redirect,  EditKind::redirect,
                             EditKind::redirect, EditKind::link_near, EditKind::copy_word, EditKind::add,
                             EditKind::set_half, EditKind::set_half,  EditKind::set_byte,  EditKind::set_byte,
                             EditKind::fill,     EditKind::unreadable};
  Edit edit{.kind = kinds[below(kinds.size(), random)],
            .after = below(2, random) == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(below(256, random)),
            .where = place(words, random),
            .operand = operand(random)};
  switch (edit.kind) {
    case EditKind::redirect:
    case EditKind::copy_word:
      edit.operand = place(words, random);
      break;
    case EditKind::link_near:
      edit.operand = below(128, random);
      break;
    case EditKind::fill:
    case EditKind::unreadable:
      edit.where = (edit.where & 0xffffff) | static_cast<std::uint32_t>(below(64, random) << 24);
      break;
    default:
      break;
  }
  return edit;
}

void change(Edit& edit, const Words& words, std::minstd_rand& random) {
  switch (below(5, random)) {
    case 0:
      edit.kind = static_cast<EditKind>(below(edit_kinds, random));
      return;
    case 1:
      edit.after = static_cast<std::uint8_t>(below(256, random));
      return;
    case 2:
      edit.where = place(words, random);
      return;
    case 3:
      edit.where += static_cast<std::uint32_t>(below(5, random)) - 2;
      return;  // a neighbour
    default:
      edit.operand = operand(random);
      return;
  }
}

}  // namespace

void mutate(Input& input, const Words& words, std::minstd_rand& random) {
  const std::uint64_t die = below(32, random);
  auto& edits = input.edits;
  if (die == 0) {
    input.layout = static_cast<std::uint8_t>(below(16, random));
  } else if (die == 1) {
    input.image = static_cast<std::uint8_t>(below(256, random));
  } else if (die < 12 && !edits.empty()) {
    change(edits[below(edits.size(), random)], words, random);
  } else if ((die < 16 && !edits.empty()) || edits.size() >= max_edits) {
    edits.erase(edits.begin() + static_cast<std::ptrdiff_t>(below(edits.size(), random)));
  } else {
    edits.push_back(new_edit(words, random));
  }
}

Input cross(const Input& first, const Input& second, std::minstd_rand& random) {
  Input both = first;
  for (const Edit& edit : second.edits) {
    if (both.edits.size() < max_edits && below(2, random) == 0) both.edits.push_back(edit);
  }
  return both;
}

std::size_t mutate_bytes(std::span<const std::uint8_t> from, const Words& words, unsigned seed,
                         std::span<std::uint8_t> out) {
  std::minstd_rand random(seed);
  Input input = decode_input(from);
  do {
    mutate(input, words, random);
  } while (random() % 4 == 0);
  return encode_input(input, out);
}

std::size_t cross_bytes(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second, unsigned seed,
                        std::span<std::uint8_t> out) {
  std::minstd_rand random(seed);
  return encode_input(cross(decode_input(first), decode_input(second), random), out);
}

}  // namespace tidemark::fuzz
