// Purpose: the parser's rows in order, parsed ahead of their reader on a second thread: parsing is half of the work of
// reading a large recording. Invariants: the parser is touched by one thread at a time; what it threw is thrown to the
// reader; at most max_batches are waiting; a machine that gives no thread only makes it slower.
#pragma once

#include <condition_variable>
#include <csv.hpp>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tidemark::record::detail {

class RowStream {
 public:
  RowStream(std::unique_ptr<csv::CSVReader> parser, bool ahead);
  RowStream(const RowStream&) = delete;
  RowStream& operator=(const RowStream&) = delete;
  ~RowStream();

  /// False at the end, or with an error, which is final.
  [[nodiscard]] bool next(csv::CSVRow& row, csv::CSVError& error);

 private:
  struct Batch {
    std::vector<csv::CSVRow> rows;
    csv::CSVError error;
    std::exception_ptr thrown;
    bool is_last = false;
  };
  static constexpr std::size_t max_batches = 4;

  [[nodiscard]] Batch parse();
  void parse_ahead();
  [[nodiscard]] Batch take_batch();

  std::unique_ptr<csv::CSVReader> parser_;
  Batch batch_;
  std::size_t at_ = 0;  ///< the next row in batch_
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  bool stop_ = false;
  std::thread thread_;  ///< last: it uses all of the above
};

}  // namespace tidemark::record::detail
