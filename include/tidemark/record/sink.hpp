// Purpose: where ticks and events go. The recorder knows only this; CSV, JSONL, files and standard output are behind
// it.
#pragma once

#include <span>
#include <string>

#include "tidemark/base/result.hpp"
#include "tidemark/model/event.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::record {

class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  /// Writes the events, then the tick's rows (`tick` may be null), as whole lines. After an error the file holds every
  /// tick written before and only whole lines; the sink takes no more.
  [[nodiscard]] virtual base::Result<void> write(std::span<const model::Event> events, const model::Tick* tick) = 0;

  /// What a person calls it: the path, or "standard output".
  [[nodiscard]] virtual const std::string& name() const = 0;
};

}  // namespace tidemark::record
