// Purpose: members of a JSON object of a saved ledger or census, each checked as it is read. A missing or null member
// is empty, 0 or absent where its reader says so. What is wrong is thrown as NotAsSaved with its place, and caught
// where a file's text is parsed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "saved_json.hpp"
#include "tidemark/base/address.hpp"
#include "tidemark/model/heap.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::record::detail {

struct NotAsSaved {
  std::string what;  ///< "processes[0].rows[3].bytes is not a number of bytes"
};

class Members {
 public:
  Members(const SavedJson& json, std::string place) : json_(json), place_(std::move(place)) {}

  [[nodiscard]] bool has(const std::string& key) const { return find(key) != nullptr; }
  [[nodiscard]] std::string text(const std::string& key) const;  ///< as it was before it was escaped
  [[nodiscard]] bool flag(const std::string& key) const;
  [[nodiscard]] std::uint64_t count(const std::string& key) const;
  [[nodiscard]] std::int64_t number(const std::string& key) const;  ///< any whole one
  [[nodiscard]] model::Bytes bytes(const std::string& key) const;   ///< must be there
  [[nodiscard]] model::Bytes bytes_or_0(const std::string& key) const { return has(key) ? bytes(key) : 0; }
  [[nodiscard]] std::int64_t signed_bytes(const std::string& key) const;
  [[nodiscard]] std::int64_t nanoseconds(const std::string& key) const;  ///< of milliseconds
  [[nodiscard]] base::Address address(const std::string& key) const;     ///< of "0x7f…"
  [[nodiscard]] base::Pid pid(const std::string& key) const;             ///< must be there
  [[nodiscard]] Members object(const std::string& key) const;            ///< an empty one when missing
  [[nodiscard]] std::vector<std::string> names() const;

  void each(const std::string& key, std::size_t most, const std::function<void(const Members&)>& take) const;
  void each_text(const std::string& key, std::size_t most, const std::function<void(std::string)>& take) const;
  void each_number(const std::string& key, std::size_t most, const std::function<void(std::int64_t)>& take) const;

  /// "PLACE.KEY is WHAT".
  [[noreturn]] void refuse(const std::string& key, const std::string& what) const;

 private:
  [[nodiscard]] const SavedJson* find(const std::string& key) const;
  [[nodiscard]] const SavedJson* list(const std::string& key, std::size_t most) const;

  const SavedJson& json_;
  std::string place_;
};

/// What a ledger and a census both have. Throw NotAsSaved.
[[nodiscard]] model::HeapCost cost_of(const Members& json);
template <class Process>
void read_process_head(const Members& json, Process& process) {
  process.identity = {.pid = json.pid("pid"), .start_ticks = json.count("start_ticks")};
  if (json.has("parent")) process.parent = json.pid("parent");
  process.name = json.text("name");
  process.command_line = json.text("command_line");
  process.failure = json.text("failure");
}

/// The members of the whole file; whose schema is another is refused.
[[nodiscard]] Members members_of_file(const SavedJson& json, int schema);

}  // namespace tidemark::record::detail
