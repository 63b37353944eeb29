#include "tidemark/analysis/recording_builder.hpp"

#include "detail/boot_builder.hpp"

namespace tidemark::analysis {

struct RecordingBuilder::State {
  model::RecordedFormat format = model::RecordedFormat::csv;
  std::vector<model::ProcessInfo> processes;  ///< by the reader's number
  std::vector<Recording> done;
  BootBuilder boot{model::RecordedFormat::csv};
};

RecordingBuilder::RecordingBuilder() : state_(std::make_unique<State>()) {}
RecordingBuilder::~RecordingBuilder() = default;

void RecordingBuilder::on_format(model::RecordedFormat format) {
  state_->format = format;
  state_->boot = BootBuilder(format);
}

void RecordingBuilder::on_header(const model::RecordingHeader& header) {
  if (!state_->boot.is_of_this_boot(header)) {
    state_->done.push_back(state_->boot.take());
    state_->boot = BootBuilder(state_->format);
  }
  state_->boot.header(header);
}

void RecordingBuilder::on_process(std::uint32_t number, const model::ProcessInfo& process) {
  if (number >= state_->processes.size()) state_->processes.resize(number + 1);
  state_->processes[number] = process;
}

void RecordingBuilder::on_row(const model::RecordedRow& row) { state_->boot.row(row, state_->processes[row.process]); }

void RecordingBuilder::on_mark(std::int64_t /*elapsed_ns*/, const model::Mark& mark) { state_->boot.mark(mark); }

void RecordingBuilder::on_suspend(std::int64_t /*elapsed_ns*/, const model::Suspend& suspend) {
  state_->boot.suspend(suspend);
}

void RecordingBuilder::on_end(std::int64_t /*elapsed_ns*/, const model::RecordingEnd& end) { state_->boot.end(end); }

void RecordingBuilder::on_census(const model::RecordedCensus& census) { state_->boot.census(census); }

std::vector<Recording> RecordingBuilder::take() {
  auto recordings = std::move(state_->done);
  if (state_->boot.has_rows() || recordings.empty()) recordings.push_back(state_->boot.take());
  *state_ = State{};
  return recordings;
}

}  // namespace tidemark::analysis
