#include <filesystem>

#include "tidemark/model/census.hpp"
#include "tidemark/record/columns.hpp"
#include "tidemark/record/encoder.hpp"
#include "tidemark/record/objects.hpp"
#include "tidemark/record/text.hpp"

namespace tidemark::record {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".csv";
constexpr std::string_view kind = ".objects";

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string objects_path(const std::string& recording) {
  fs::path path(recording);
  return path.replace_extension().string() + std::string(kind) + std::string(suffix);
}

std::optional<std::string> recording_of_objects(const std::string& path) {
  fs::path name(path);
  if (name.extension() != suffix) return std::nullopt;
  name.replace_extension();
  const std::string number = name.extension().string();
  if (number.size() > 1 && is_number(std::string_view(number).substr(1))) name.replace_extension();
  if (name.extension() != kind) return std::nullopt;
  return name.replace_extension().string() + std::string(suffix);
}

ObjectsEncoder::ObjectsEncoder() {
  for (const std::string_view column : objects_columns) {
    if (!header_.empty()) header_ += ',';
    header_ += column;
  }
  header_ += '\n';
}

void ObjectsEncoder::append_event(std::string& /*out*/, const model::Event& /*event*/) {}

void ObjectsEncoder::append_tick(std::string& out, const model::Tick& tick) {
  for (const model::ProcessSample& sample : tick.samples) {
    if (!sample.census) continue;
    std::string begin;
    for (const Value& value :
         {Value{Instant{tick.wall_ns}}, Value{seconds(tick.elapsed_ns)}, Value{std::string_view(sample.process->name)},
          Value{std::int64_t{sample.process->identity.pid}}}) {
      append_csv(begin, value);
      begin += ',';
    }
    for (const model::CensusType& type : sample.census->types) {
      out += begin;
      for (const Value& value :
           {Value{std::string_view(type.type)}, Value{type.count}, Value{type.bytes}, Value{type.held_bytes}}) {
        append_csv(out, value);
        out += ',';
      }
      out.back() = '\n';
    }
  }
}

}  // namespace tidemark::record
