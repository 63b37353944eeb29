#include "tidemark/record/columns.hpp"
#include "tidemark/record/encoder.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record {

CsvEncoder::CsvEncoder() {
  for (const Column& column : columns()) {
    if (!header_.empty()) header_ += ',';
    header_ += column.name;
  }
  header_ += '\n';
}

void CsvEncoder::append_event(std::string& /*out*/, const model::Event& /*event*/) {}

void CsvEncoder::append_tick(std::string& out, const model::Tick& tick) {
  for (const model::ProcessSample& sample : tick.samples) {
    const Row row{tick, sample};
    for (const Column& column : columns()) {
      append_csv(out, column.value(row));
      out += ',';
    }
    out.back() = '\n';
  }
}

std::unique_ptr<Encoder> make_encoder(Format format, const model::RecordingHeader& header) {
  if (format == Format::csv) return std::make_unique<CsvEncoder>();
  if (format == Format::objects) return std::make_unique<ObjectsEncoder>();
  return std::make_unique<JsonlEncoder>(header);
}

}  // namespace tidemark::record
