#include "detail/row_stream.hpp"

#include <system_error>

namespace tidemark::record::detail {

RowStream::RowStream(std::unique_ptr<csv::CSVReader> parser, bool ahead) : parser_(std::move(parser)) {
  if (!ahead || std::thread::hardware_concurrency() < 2) return;
  try {
    thread_ = std::thread([this] { parse_ahead(); });
  } catch (const std::system_error&) {  // a limit on processes
  }
}

RowStream::~RowStream() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

RowStream::Batch RowStream::parse() {
  constexpr std::size_t rows_of_batch = 2048;
  Batch batch;
  try {
    batch.is_last = !parser_->try_read_chunk(batch.rows, rows_of_batch, batch.error);
  } catch (...) {
    batch.thrown = std::current_exception();
    batch.is_last = true;
  }
  return batch;
}

void RowStream::parse_ahead() {
  for (bool is_last = false; !is_last;) {
    Batch batch = parse();
    is_last = batch.is_last;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stop_ || waiting_.size() < max_batches; });
    if (stop_) return;
    waiting_.push_back(std::move(batch));
    lock.unlock();
    changed_.notify_all();
  }
}

RowStream::Batch RowStream::take_batch() {
  if (!thread_.joinable()) return parse();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_.empty(); });
  Batch batch = std::move(waiting_.front());
  waiting_.pop_front();
  lock.unlock();
  changed_.notify_all();
  return batch;
}

bool RowStream::next(csv::CSVRow& row, csv::CSVError& error) {
  while (at_ == batch_.rows.size()) {
    if (batch_.thrown) std::rethrow_exception(batch_.thrown);
    error = batch_.error;
    if (batch_.is_last) return false;
    batch_ = take_batch();
    at_ = 0;
  }
  row = std::move(batch_.rows[at_++]);
  return true;
}

}  // namespace tidemark::record::detail
