// Purpose: a source that is refused costs its columns and is said once: the rows carry the code, the first time an
// error event carries the text. Sources that were denied are tried again only now and then.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "tidemark/collect/event_log.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::collect {

class Refusals {
 public:
  /// Books an error of a source: a gap in the sample and, the first time, an event.
  void add(model::Source source, const base::Error& error, model::ProcessSample& sample, EventLog& log);
  void add(model::Gap gap, const base::Error& error, model::ProcessSample& sample, EventLog& log);

  /// The event alone, the first time, for a source that has no column.
  void say(model::Gap gap, const base::Error& error, const std::shared_ptr<const model::ProcessInfo>& process,
           EventLog& log);

  /// Whether the source was ever denied or unsupported to this program.
  [[nodiscard]] bool was_refused(model::Source source) const;

  /// True while a denied source rests; the sample gets its gap all the same.
  [[nodiscard]] bool rests(model::Source source, model::ProcessSample& sample);

  /// The source could be read after all.
  void lift(model::Source source);

  /// The process runs another program now: everything may be different.
  void forget_all();

 private:
  /// After a denial a source rests for this many ticks; a worker seldom gets its rights back.
  static constexpr std::uint32_t rest_ticks = 64;

  [[nodiscard]] const model::Gap* refusal_of(model::Source source) const;

  std::set<model::Gap> said_;
  std::map<model::Source, std::uint32_t> resting_;
};

}  // namespace tidemark::collect
