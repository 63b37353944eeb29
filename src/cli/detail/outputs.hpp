// Purpose: all files of a recording as one: a sink that fails is dropped, the others go on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tidemark/cli/failure.hpp"
#include "tidemark/model/recording.hpp"
#include "tidemark/record/recording_file.hpp"

namespace tidemark::cli {

struct OutputOptions {
  std::vector<std::string> paths;
  bool append = false;
  std::optional<std::uint64_t> rotate_bytes;
  std::size_t keep = 0;
  bool objects = false;  ///< the censuses have a file beside each CSV (record/objects.hpp)
};

class Outputs {
 public:
  struct OpenFailure {
    std::string path;
    base::Error error;
  };

  /// Opens all or none: a failure closes what was opened.
  [[nodiscard]] static std::variant<Outputs, OpenFailure> open(const OutputOptions& options,
                                                               const model::RecordingHeader& header);

  /// Writes to every file that still works; `on_lost` hears of each that stops working, once.
  void write(std::span<const model::Event> events, const model::Tick* tick,
             const std::function<void(const std::string& name, const base::Error&)>& on_lost);

  [[nodiscard]] bool all_lost() const { return files_.empty(); }
  [[nodiscard]] bool any_lost() const { return lost_; }
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::vector<std::string> displaced() const;
  /// Where an appended recording goes on: the furthest of its files.
  [[nodiscard]] std::optional<record::LastRow> continues() const;

 private:
  std::vector<std::unique_ptr<record::RecordingFile>> files_;
  std::vector<std::string> names_;
  bool lost_ = false;
};

/// `-` is CSV; a FILE's suffix says its format.
[[nodiscard]] record::Format format_of(const std::string& path);

/// `tidemark_NAME_PID_YYYYmmdd_HHMMSS` with what no file name should hold replaced by `_`.
[[nodiscard]] std::string default_stem(const std::string& name, base::Pid pid, std::int64_t wall_ns);

}  // namespace tidemark::cli
