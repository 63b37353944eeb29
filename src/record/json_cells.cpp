#include "detail/json_cells.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace tidemark::record::detail {

/// What nlohmann's parser calls for each token.
class JsonCellsSink {
 public:
  using json = nlohmann::json;
  explicit JsonCellsSink(JsonCells& cells) : cells_(cells) {}

  bool null() { return begin_value(); }
  bool boolean(bool value) { return put(value ? "1" : "0"); }
  bool number_integer(json::number_integer_t value) { return put_integer(value); }
  bool number_unsigned(json::number_unsigned_t value) { return put_integer(value); }
  bool number_float(json::number_float_t /*value*/, const json::string_t& digits) { return put(digits); }
  bool string(json::string_t& text) { return put(text); }
  bool binary(json::binary_t& /*bytes*/) { return false; }
  bool start_object(std::size_t /*size*/) { return open(); }
  bool start_array(std::size_t /*size*/) { return open(); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(json::string_t& name) {
    if (depth_ == 1) place_ = cells_.place_of(name, member_++);
    return true;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/, const nlohmann::detail::exception& /*error*/) {
    return false;
  }

 private:
  /// False ends the parsing: the line is no object.
  [[nodiscard]] bool begin_value() const { return depth_ > 0; }
  bool put(std::string_view text) {
    if (depth_ == 1 && place_ < JsonCells::no_place) cells_.texts_[place_] = text;
    return begin_value();
  }
  bool put_integer(auto value) {
    if (depth_ != 1 || place_ >= JsonCells::no_place) return begin_value();
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return put({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }
  bool open() {
    if (depth_ == 1 && place_ == JsonCells::objects_place) cells_.has_objects_ = true;
    ++depth_;
    return true;
  }
  bool close() {
    --depth_;
    return true;
  }

  JsonCells& cells_;
  std::size_t depth_ = 0;
  std::size_t member_ = 0;  ///< of the outer object
  std::size_t place_ = JsonCells::no_place;
};

std::size_t JsonCells::place_of(std::string_view key, std::size_t member) {
  if (member < known_.size() && known_[member].first == key) return known_[member].second;
  const auto* const found = std::find(decoded_columns.begin(), decoded_columns.end(), key);
  std::size_t place = static_cast<std::size_t>(found - decoded_columns.begin());
  if (found == decoded_columns.end()) place = key == "type" ? type_place : key == "objects" ? objects_place : no_place;
  known_.resize(std::min(member, known_.size()));
  if (member == known_.size() && member < 256) known_.emplace_back(key, place);
  return place;
}

bool JsonCells::parse(std::string_view line) {
  for (std::string& text : texts_) text.clear();
  has_objects_ = false;
  if (!line.starts_with('{')) return false;
  JsonCellsSink sink(*this);
  if (!nlohmann::json::sax_parse(line.begin(), line.end(), &sink)) return false;
  std::copy_n(texts_.begin(), views_.size(), views_.begin());
  return true;
}

}  // namespace tidemark::record::detail
