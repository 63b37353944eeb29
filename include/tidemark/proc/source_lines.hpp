// Purpose: lines of the source files that a process names, as the process itself would find them.
// Invariants: the path is followed inside the process's own root (openat2, kernel 5.6; before it there are no lines):
// no link leads out of it, nor through /proc. Only a regular file is opened, and none of /proc or /sys: a program can
// name any file as its source. Files larger than a cap are left alone; what is kept is bounded. What comes out is UTF-8
// that is safe to print. A file may have changed since the program was started: nobody can tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tidemark/base/fd.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::proc {

inline constexpr std::size_t max_source_bytes = 8 << 20;
/// Of all files together; when it is passed, all are forgotten.
inline constexpr std::size_t max_kept_source_bytes = 32 << 20;
inline constexpr std::size_t max_kept_sources = 1024;
/// A longer line is cut here and ends with an ellipsis.
inline constexpr std::size_t max_source_line_characters = 200;

/// A source text and where its lines begin, ended as Python ends them: by LF, CR LF or CR.
class SourceText {
 public:
  explicit SourceText(std::string text);

  /// Counted from 1; without blanks at both ends, cut, escaped. nullopt when there is no such line, it is blank, or it
  /// is in an encoding other than UTF-8.
  [[nodiscard]] std::optional<std::string> line(std::int64_t number) const;
  [[nodiscard]] std::size_t size_bytes() const { return text_.size(); }

 private:
  [[nodiscard]] std::string_view raw_line(std::size_t index) const;
  [[nodiscard]] bool declares_other_encoding() const;

  std::string text_;
  std::vector<std::uint32_t> starts_;
  bool is_ascii_only_ = false;  ///< its encoding is declared (PEP 263) and not UTF-8
};

class SourceLines {
 public:
  /// `process` is asked for its root and working directory when first needed, and must outlive this.
  explicit SourceLines(const ProcessFiles& process) : process_(process) {}

  /// `file` as co_filename has it; a relative one is looked for from the working directory. nullopt when it cannot be
  /// read: "<string>", a member of a zip file, a file that has gone, no permission.
  [[nodiscard]] std::optional<std::string> line(const std::string& file, std::int64_t number);

 private:
  [[nodiscard]] std::optional<SourceText> read(const std::string& file);
  [[nodiscard]] std::optional<std::string> absolute(const std::string& file) const;

  const ProcessFiles& process_;
  base::Fd root_;
  std::unordered_map<std::string, std::optional<SourceText>> texts_;
  std::size_t kept_bytes_ = 0;
};

}  // namespace tidemark::proc
