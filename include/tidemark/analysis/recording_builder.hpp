// Purpose: rows in, series out. Ticks are put together here: rows of one elapsed time (ours), or of one round
// (foreign).
#pragma once

#include <memory>
#include <vector>

#include "tidemark/analysis/recording.hpp"

namespace tidemark::analysis {

class RecordingBuilder final : public model::RecordingVisitor {
 public:
  RecordingBuilder();
  ~RecordingBuilder() override;

  void on_format(model::RecordedFormat format) override;
  void on_header(const model::RecordingHeader& header) override;
  void on_process(std::uint32_t number, const model::ProcessInfo& process) override;
  void on_row(const model::RecordedRow& row) override;
  void on_mark(std::int64_t elapsed_ns, const model::Mark& mark) override;
  void on_suspend(std::int64_t elapsed_ns, const model::Suspend& suspend) override;
  void on_end(std::int64_t elapsed_ns, const model::RecordingEnd& end) override;
  void on_census(const model::RecordedCensus& census) override;

  /// One recording for each boot of the machine that has rows; a single one without rows when there are none.
  [[nodiscard]] std::vector<Recording> take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tidemark::analysis
