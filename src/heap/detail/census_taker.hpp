// Purpose: counts the objects that the walkers find, by type, with their sizes; and looks closer at some types.
// Invariant: what a size takes from outside of an object (the keys of a dict) is read later, many at once, so that a
// live process is asked with few calls; end() is what makes the rows whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "focus.hpp"
#include "object_sink.hpp"
#include "object_sizer.hpp"
#include "tidemark/model/census.hpp"

namespace tidemark::heap {

struct CensusAim {
  std::string focus;  ///< as CensusRequest has it
  std::size_t samples = 0;
};

class CensusTaker final : public ObjectSink {
 public:
  CensusTaker(const memory::MemorySource& memory, const cpython::Layout& layout, CensusAim aim)
      : layout_(layout), aim_(std::move(aim)), sizer_(memory, layout) {}

  void begin(TypeTable& types, bool has_pymalloc) override;
  void take(const Recogniser& recogniser, const FoundObject& object) override;
  /// After the walk.
  void end();

  [[nodiscard]] std::vector<model::CensusType> rows() const;        ///< most bytes first
  [[nodiscard]] std::vector<Focus>& focuses() { return focuses_; }  ///< in the order of rows()
  [[nodiscard]] const model::CensusType& row_of(const Focus& focus) const { return rows_[focus.type()].sums; }

 private:
  static constexpr std::uint32_t no_focus = UINT32_MAX;
  static constexpr std::size_t most_dicts = 4096;
  struct Row {
    model::CensusType sums;
    TypeSizes sizes;
    std::uint32_t focus = no_focus;
    bool is_known = false;
  };
  Row& row_of(TypeEntry& type) {
    return type.index < rows_.size() && rows_[type.index].is_known ? rows_[type.index] : begin_row(type);
  }
  Row& begin_row(TypeEntry& type);
  [[nodiscard]] bool is_in_focus(const TypeName& name) const;
  void count(Row& row, const SeenObject& object);
  void count_dicts();

  const cpython::Layout& layout_;
  CensusAim aim_;
  TypeTable* types_ = nullptr;
  ObjectSizer sizer_;
  std::vector<Row> rows_;  ///< by index of the type
  std::vector<Focus> focuses_;
  std::vector<PendingDict> dicts_;
};

}  // namespace tidemark::heap
