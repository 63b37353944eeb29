// Purpose: members of a JSON object of a saved ledger, each checked as it is read. A missing or null member is empty, 0
// or absent where its reader says so. What is wrong is thrown as NotAHeap with its place, and caught in parse_heap().
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "heap_keys.hpp"

namespace tidemark::record::detail {

struct NotAHeap {
  std::string what;  ///< "processes[0].rows[3].bytes is not a number of bytes"
};

class Members {
 public:
  Members(const HeapJson& json, std::string place) : json_(json), place_(std::move(place)) {}

  [[nodiscard]] bool has(const std::string& key) const { return find(key) != nullptr; }
  [[nodiscard]] std::string text(const std::string& key) const;  ///< as it was before it was escaped
  [[nodiscard]] bool flag(const std::string& key) const;
  [[nodiscard]] std::uint64_t count(const std::string& key) const;
  [[nodiscard]] model::Bytes bytes(const std::string& key) const;  ///< must be there
  [[nodiscard]] model::Bytes bytes_or_0(const std::string& key) const { return has(key) ? bytes(key) : 0; }
  [[nodiscard]] std::int64_t signed_bytes(const std::string& key) const;
  [[nodiscard]] std::int64_t nanoseconds(const std::string& key) const;  ///< of milliseconds
  [[nodiscard]] base::Address address(const std::string& key) const;     ///< of "0x7f…"
  [[nodiscard]] base::Pid pid(const std::string& key) const;             ///< must be there
  [[nodiscard]] Members object(const std::string& key) const;            ///< an empty one when missing
  [[nodiscard]] std::vector<std::string> names() const;

  void each(const std::string& key, std::size_t most, const std::function<void(const Members&)>& take) const;
  void each_text(const std::string& key, std::size_t most, const std::function<void(std::string)>& take) const;

  /// "PLACE.KEY is WHAT".
  [[noreturn]] void refuse(const std::string& key, const std::string& what) const;

 private:
  [[nodiscard]] const HeapJson* find(const std::string& key) const;
  [[nodiscard]] const HeapJson* list(const std::string& key, std::size_t most) const;

  const HeapJson& json_;
  std::string place_;
};

/// Throws NotAHeap.
[[nodiscard]] model::HeapReading reading_of(const HeapJson& json);

}  // namespace tidemark::record::detail
