// Purpose: a recording on disk or on standard output: whole ticks, one write(2) each, with rotation and append.
//
// What survives. A tick is one write; nothing is kept back in this process, so a crash or kill of ours loses nothing
// that write() returned for and can tear only the tick being written. Nothing is fsynced: a power cut may take the last
// seconds. When a write fails part-way (disk full, file size limit) the file is cut back to the last whole tick. A pipe
// cannot be cut.
//
// The caller must ignore SIGPIPE and SIGXFSZ, so that a closed pipe and a size limit become errors here.
//
// Invariants: the current file is always `path`; rotated ones are `stem.K.suffix`, K growing by one and never used
// again; each begins with a header line; a flock on the current file keeps other recorders out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tidemark/base/fd.hpp"
#include "tidemark/record/encoder.hpp"
#include "tidemark/record/last_row.hpp"
#include "tidemark/record/rotated_set.hpp"
#include "tidemark/record/sink.hpp"

namespace tidemark::record {

struct FileOptions {
  std::string path;  ///< "-" is standard output
  Format format = Format::csv;
  bool append = false;
  std::optional<std::uint64_t> rotate_bytes = {};  ///< a tick that would pass it begins a new file
  std::size_t keep = 0;                            ///< how many rotated files stay beside the current one; 0 keeps all
};

class RecordingFile final : public Sink {
 public:
  /// Opens and locks the file and writes the header line. What is there already is
  ///  - continued when `append`: its header must be ours, or `usage` with both in `detail`; a torn last line is cut
  ///  off;
  ///  - else renamed to FILE.old (and, with rotation, FILE.1.csv to FILE.1.csv.old and so on), see displaced().
  /// Only regular files are renamed, cut, rotated or locked; a fifo or /dev/null is written as it is.
  /// Errors: busy (another recorder holds it; nothing was changed), usage, permission, not_found, no_space, closed, io.
  [[nodiscard]] static base::Result<std::unique_ptr<RecordingFile>> open(const FileOptions& options,
                                                                         const model::RecordingHeader& header);

  [[nodiscard]] base::Result<void> write(std::span<const model::Event> events, const model::Tick* tick) override;
  [[nodiscard]] const std::string& name() const override { return name_; }

  /// The new names of files that stood in the way.
  [[nodiscard]] const std::vector<std::string>& displaced() const { return displaced_; }

  /// Where an appended recording left off: the recorder goes on from this elapsed time. nullopt for a new recording,
  /// and for one that has no row yet.
  [[nodiscard]] const std::optional<LastRow>& continues() const { return continues_; }

  /// Bytes that `append` cut off the end because their line had no newline.
  [[nodiscard]] std::uint64_t torn_bytes_cut() const { return torn_bytes_cut_; }

 private:
  RecordingFile(FileOptions options, std::unique_ptr<Encoder> encoder);

  base::Result<void> start();
  base::Result<void> start_regular();
  base::Result<void> displace();
  base::Result<void> prepare_append();
  base::Result<void> begin_file();
  void encode(std::span<const model::Event> events, const model::Tick* tick);
  [[nodiscard]] bool is_full() const;
  base::Result<void> rotate();
  base::Result<void> put(std::string_view bytes);
  void cut_back(std::size_t written);
  base::Result<void> give_up(base::Error error);

  FileOptions options_;
  std::string name_;
  std::unique_ptr<Encoder> encoder_;
  base::Fd file_;
  RotatedSet rotated_;
  bool regular_ = false;          ///< ours to rename, cut and lock
  std::uint64_t size_bytes_ = 0;  ///< of the current file
  std::string buffer_;            ///< kept between ticks for its capacity
  std::vector<std::string> displaced_;
  std::optional<LastRow> continues_;
  std::uint64_t torn_bytes_cut_ = 0;
  std::optional<base::Error> failed_;  ///< once set, nothing is written any more
};

}  // namespace tidemark::record
