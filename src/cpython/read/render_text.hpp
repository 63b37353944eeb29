// Purpose: text that is made of a target's characters, cut to a width.
// Invariants: valid UTF-8; what a terminal would obey (controls, formats, separators, surrogates, private and
// unassigned planes) stands escaped as repr() escapes it. Once it is too wide nothing more is taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tidemark::cpython {

class RenderText {
 public:
  explicit RenderText(std::size_t columns) : columns_(columns) {}

  /// Characters of ours.
  void put(std::string_view utf8);
  /// One of the target's; escaped when it is not printable.
  void put_character(char32_t character);
  /// The target's bytes, taken as UTF-8; what is none becomes \xNN.
  void put_name(std::string_view bytes);
  /// As repr() of a str and of bytes; `is_whole` false: an ellipsis before the closing quote.
  void put_quoted(std::span<const char32_t> characters, bool is_whole);
  void put_quoted(std::span<const std::byte> bytes, bool is_whole);

  /// Nothing more would be seen.
  [[nodiscard]] bool is_full() const { return width_ > columns_; }
  [[nodiscard]] std::string take() &&;

 private:
  void put_one(std::string_view utf8, std::size_t width);
  void put_in_quotes(char32_t character, char32_t quote);
  void put_hex(std::string_view prefix, std::uint32_t number, int digits);

  std::size_t columns_;
  std::size_t width_ = 0;
  std::size_t cut_ = 0;  ///< bytes that leave room for an ellipsis
  std::string text_;
};

}  // namespace tidemark::cpython
