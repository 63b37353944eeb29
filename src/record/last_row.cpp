#include "tidemark/record/last_row.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "tidemark/base/fd.hpp"
#include "tidemark/record/columns.hpp"
#include "tidemark/record/csv_reader.hpp"
#include "tidemark/record/objects.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record {
namespace {

using base::Error;
using base::ErrorCode;
using base::Fd;
using base::Result;

constexpr const char* doing = "read where a recording left off";

/// `size` bytes from `offset`; fewer only when the file ends before.
Result<std::string> read_at(const Fd& file, std::uint64_t offset, std::size_t size, const std::string& path) {
  std::string bytes(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const ssize_t got = ::pread(file.get(), bytes.data() + filled, size - filled, static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail(base::os_error(doing, errno, path));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Result<std::uint64_t> size_of(const Fd& file, const std::string& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return base::fail(base::os_error(doing, errno, path));
  if (!S_ISREG(status.st_mode)) {
    return base::fail(
        Error{.code = ErrorCode::unsupported, .doing = doing, .path = path, .detail = "not a regular file"});
  }
  return static_cast<std::uint64_t>(status.st_size);
}

/// The bytes up to and with the last newline, looked for from the end.
Result<std::uint64_t> whole_bytes(const Fd& file, std::uint64_t size, const std::string& path) {
  constexpr std::uint64_t block_bytes = std::uint64_t{64} << 10;
  for (std::uint64_t end = size; end > 0;) {
    const std::uint64_t begin = end - std::min(end, block_bytes);
    auto block = read_at(file, begin, static_cast<std::size_t>(end - begin), path);
    if (!block) return base::fail(std::move(block).error());
    const std::size_t newline = block->rfind('\n');
    if (newline != std::string::npos) return begin + newline + 1;
    end = begin;
  }
  return std::uint64_t{0};
}

/// Takes the last line (without its newline) off `text`, which ends with a newline.
std::string_view take_last_line(std::string_view& text) {
  text.remove_suffix(1);
  const std::size_t begin = text.rfind('\n') + 1;  // npos + 1 is 0
  const std::string_view line = text.substr(begin);
  text = text.substr(0, begin);
  return line;
}

std::optional<LastRow> make_row(std::string_view timestamp, std::string_view elapsed) {
  const auto instant = parse_instant(timestamp);
  const auto elapsed_ns = parse_seconds(elapsed);
  if (!instant || !elapsed_ns) return std::nullopt;
  return LastRow{.wall_ns = instant->wall_ns, .elapsed_ns = *elapsed_ns, .phase = {}};
}

std::size_t index_of(std::string_view name) {
  const auto table = columns();
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Column& column) { return column.name == name; });
  return static_cast<std::size_t>(found - table.begin());
}

Result<std::optional<LastRow>> not_ours(const std::string& path) {
  return base::fail(Error{
      .code = ErrorCode::malformed, .doing = doing, .path = path, .detail = "its last line is not a line of ours"});
}

Result<std::optional<LastRow>> last_csv_row(std::string_view lines, const std::string& path) {
  const auto cells = parse_csv_line(take_last_line(lines));
  if (!cells || cells->size() != columns().size()) return not_ours(path);
  auto row = make_row(cells->at(index_of("timestamp")), cells->at(index_of("elapsed_seconds")));
  if (!row) return not_ours(path);
  row->phase = unescaped(cells->at(index_of("phase")));
  return row;
}

Result<std::optional<LastRow>> last_objects_row(std::string_view lines, const std::string& path) {
  const auto cells = parse_csv_line(take_last_line(lines));
  if (!cells || cells->size() != objects_columns.size()) return not_ours(path);
  auto row = make_row(cells->at(0), cells->at(1));
  return row ? Result<std::optional<LastRow>>(std::move(row)) : not_ours(path);
}

/// A string member, empty when it is missing or something else.
std::string string_at(const nlohmann::json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// The time is that of the last line, whatever it is; the phase is looked for further up. Headers of resumed runs,
/// whose elapsed time is 0, are passed over.
Result<std::optional<LastRow>> last_jsonl_row(std::string_view lines, const std::string& path) {
  std::optional<LastRow> row;
  while (!lines.empty()) {
    const auto line = nlohmann::json::parse(take_last_line(lines), nullptr, false);
    const std::string type = line.is_object() ? string_at(line, "type") : std::string();
    if (type == "header") continue;
    if (!row) {
      const auto elapsed = line.is_object() ? line.find("elapsed_seconds") : line.end();
      if (elapsed == line.end() || !elapsed->is_number()) return not_ours(path);
      row = make_row(string_at(line, "timestamp"), elapsed->dump());
      if (!row) return not_ours(path);
    }
    if (type.empty()) break;  // the first line of the window, rarely whole
    if (type != "sample" && type != "mark") continue;
    row->phase = unescaped(string_at(line, "phase"));
    break;
  }
  return row;
}

}  // namespace

Result<FileEnds> read_ends(const std::string& path) {
  auto file = base::open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, doing);
  if (!file) return base::fail(std::move(file).error());
  const auto size = size_of(*file, path);
  if (!size) return base::fail(size.error());
  const auto whole = whole_bytes(*file, *size, path);
  if (!whole) return base::fail(whole.error());
  auto head = read_at(*file, 0, static_cast<std::size_t>(std::min<std::uint64_t>(*size, max_header_bytes)), path);
  if (!head) return base::fail(std::move(head).error());
  FileEnds ends{.first_line = std::move(*head), .whole_bytes = *whole, .torn_bytes = *size - *whole};
  const std::size_t newline = ends.first_line.find('\n');
  if (newline == std::string::npos && *size > max_header_bytes) {
    return base::fail(Error{.code = ErrorCode::malformed, .doing = doing, .path = path, .detail = "no header line"});
  }
  ends.first_line.resize(std::min(newline, ends.first_line.size()));
  return ends;
}

Result<std::optional<LastRow>> read_last_row(const std::string& path, Format format) {
  const auto ends = read_ends(path);
  if (!ends) return base::fail(ends.error());
  const std::uint64_t begin = std::max<std::uint64_t>(
      ends->first_line.size() + 1, ends->whole_bytes - std::min<std::uint64_t>(ends->whole_bytes, max_tail_bytes));
  if (begin >= ends->whole_bytes) return std::optional<LastRow>{};
  auto file = base::open_at(AT_FDCWD, path, O_RDONLY, doing);
  if (!file) return base::fail(std::move(file).error());
  const auto tail = read_at(*file, begin, static_cast<std::size_t>(ends->whole_bytes - begin), path);
  if (!tail) return base::fail(tail.error());
  if (!tail->ends_with('\n')) {
    return base::fail(Error{.code = ErrorCode::torn, .doing = doing, .path = path, .detail = "it changed meanwhile"});
  }
  if (format == Format::objects) return last_objects_row(*tail, path);
  return format == Format::csv ? last_csv_row(*tail, path) : last_jsonl_row(*tail, path);
}

}  // namespace tidemark::record
