// Purpose: the events of one tick in the making, with its time.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "tidemark/model/event.hpp"

namespace tidemark::collect {

class EventLog {
 public:
  EventLog(std::int64_t wall_ns, std::int64_t elapsed_ns) : wall_ns_(wall_ns), elapsed_ns_(elapsed_ns) {}

  template <class What>
  void add(What what) {
    events_.push_back(model::Event{wall_ns_, elapsed_ns_, std::move(what)});
  }

  [[nodiscard]] std::int64_t wall_ns() const { return wall_ns_; }
  [[nodiscard]] std::int64_t elapsed_ns() const { return elapsed_ns_; }
  [[nodiscard]] std::vector<model::Event> take() { return std::move(events_); }

 private:
  std::int64_t wall_ns_;
  std::int64_t elapsed_ns_;
  std::vector<model::Event> events_;
};

}  // namespace tidemark::collect
