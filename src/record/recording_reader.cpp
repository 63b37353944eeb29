#include "tidemark/record/recording_reader.hpp"

#include "detail/read_file.hpp"

namespace tidemark::record {

base::Result<ReadingLosses> read_recording(const RecordingFiles& files, model::RecordingVisitor& visitor) {
  visitor.on_format(files.format);
  ReadingLosses losses;
  detail::RowDecoder decoder(files.format, visitor);
  const detail::Reading into{.decoder = decoder, .visitor = visitor, .losses = losses};
  std::vector<std::string> names;
  for (const std::string& path : files.paths) {
    auto read = files.format == model::RecordedFormat::jsonl ? detail::read_jsonl_file(path, into)
                                                             : detail::read_csv_file(path, names, into);
    if (!read) return base::fail(std::move(read).error());
  }
  if (auto read = detail::read_objects_files(files.objects, into); !read) return base::fail(std::move(read).error());
  losses.rows = decoder.rows();
  losses.bad_cells = decoder.bad_cells();
  return losses;
}

}  // namespace tidemark::record
