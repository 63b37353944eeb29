#include "tidemark/record/recording_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "detail/append_plan.hpp"
#include "detail/locked_file.hpp"

namespace tidemark::record {
namespace {

using base::Result;

constexpr const char* writing = "write the recording";

}  // namespace

RecordingFile::RecordingFile(FileOptions options, std::unique_ptr<Encoder> encoder)
    : options_(std::move(options)),
      name_(options_.path == "-" ? "standard output" : options_.path),
      encoder_(std::move(encoder)) {}

Result<std::unique_ptr<RecordingFile>> RecordingFile::open(const FileOptions& options,
                                                           const model::RecordingHeader& header) {
  std::unique_ptr<RecordingFile> file(new RecordingFile(options, make_encoder(options.format, header)));
  if (auto started = file->start(); !started) return base::fail(std::move(started).error());
  return file;
}

Result<void> RecordingFile::start() {
  if (options_.path == "-") {
    file_.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!file_.is_open()) return base::fail(base::os_error("open standard output", errno));
    return put(encoder_->header_line());
  }
  auto opened = detail::open_locked(options_.path);
  if (!opened) return base::fail(std::move(opened).error());
  file_ = std::move(opened->file);
  regular_ = opened->regular;
  size_bytes_ = opened->size_bytes;
  if (!regular_) return put(encoder_->header_line());
  return start_regular();
}

Result<void> RecordingFile::start_regular() {
  if (options_.rotate_bytes) {
    auto found = RotatedSet::scan(options_.path);
    if (!found) return base::fail(std::move(found).error());
    rotated_ = std::move(*found);
  }
  auto prepared = options_.append ? prepare_append() : displace();
  if (!prepared) return prepared;
  const bool continues_csv = size_bytes_ > 0 && options_.format != Format::jsonl;
  if (!continues_csv) {
    if (auto written = put(encoder_->header_line()); !written) return written;
  }
  return {};
}

Result<void> RecordingFile::displace() {
  if (auto moved = rotated_.displace(displaced_); !moved) return moved;
  if (size_bytes_ == 0) return {};
  const std::string old_name = options_.path + ".old";
  if (std::rename(options_.path.c_str(), old_name.c_str()) != 0) {
    return base::fail(base::os_error("rename the recording to " + old_name, errno, options_.path));
  }
  displaced_.push_back(old_name);
  return begin_file();
}

Result<void> RecordingFile::prepare_append() {
  auto plan = detail::plan_append(options_.path, rotated_, options_.format, encoder_->header_line());
  if (!plan) return base::fail(std::move(plan).error());
  if (plan->torn_bytes > 0 && ::ftruncate(file_.get(), static_cast<off_t>(plan->keep_bytes)) != 0) {
    return base::fail(base::os_error("cut the torn last line", errno, options_.path));
  }
  size_bytes_ = plan->keep_bytes;
  torn_bytes_cut_ = plan->torn_bytes;
  continues_ = std::move(plan->last);
  return {};
}

Result<void> RecordingFile::begin_file() {
  auto created = detail::create_locked(options_.path);
  if (!created) return base::fail(std::move(created).error());
  file_ = std::move(created->file);
  size_bytes_ = 0;
  return {};
}

Result<void> RecordingFile::write(std::span<const model::Event> events, const model::Tick* tick) {
  if (failed_) return base::fail(*failed_);
  encode(events, tick);
  if (buffer_.empty()) return {};
  const bool rotates = is_full();
  if (rotates) {
    if (auto rotated = rotate(); !rotated) return give_up(std::move(rotated).error());
    if (encoder_->begin_file()) encode(events, tick);  // the new file does not have what the old one said
  }
  if (auto written = put(buffer_); !written) return written;
  if (rotates && options_.keep > 0) {
    if (auto removed = rotated_.keep_newest(options_.keep); !removed) return give_up(std::move(removed).error());
  }
  return {};
}

void RecordingFile::encode(std::span<const model::Event> events, const model::Tick* tick) {
  buffer_.clear();
  for (const model::Event& event : events) encoder_->append_event(buffer_, event);
  if (tick != nullptr) encoder_->append_tick(buffer_, *tick);
}

/// Whether the buffer must begin a new file. A file with nothing but its header takes any tick, however large.
bool RecordingFile::is_full() const {
  return regular_ && options_.rotate_bytes && size_bytes_ > encoder_->header_line().size() &&
         size_bytes_ + buffer_.size() > *options_.rotate_bytes;
}

/// A crash between the first two steps leaves no file at `path`: the set still reads, and append makes it again.
Result<void> RecordingFile::rotate() {
  if (auto renamed = rotated_.take_current(); !renamed) return renamed;
  if (auto begun = begin_file(); !begun) return begun;
  return put(encoder_->header_line());
}

Result<void> RecordingFile::put(std::string_view bytes) {
  std::size_t written = 0;
  auto result = base::write_all(file_.get(), bytes, writing, written);
  if (result) {
    size_bytes_ += written;
    return {};
  }
  cut_back(written);
  base::Error error = std::move(result).error();
  error.path = name_;
  return give_up(std::move(error));
}

/// Takes back the part of a tick that a failed write left. The file may be one that a shell opened (`> x.csv`): it is
/// cut only when our bytes are its end, and the shared position is set back so that the next writer leaves no hole.
void RecordingFile::cut_back(std::size_t written) {
  struct stat status {};
  if (written == 0 || ::fstat(file_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const off_t end = ::lseek(file_.get(), 0, SEEK_CUR);
  const off_t begin = end - static_cast<off_t>(written);
  if (end != status.st_size || begin < 0) return;
  // A failure here leaves a torn last line, which readers ignore and append cuts.
  if (::ftruncate(file_.get(), begin) == 0) ::lseek(file_.get(), begin, SEEK_SET);
}

Result<void> RecordingFile::give_up(base::Error error) {
  failed_ = error;
  return base::fail(std::move(error));
}

}  // namespace tidemark::record
