#include "interpreter_image.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>
#include <variant>

#include "read_everything.hpp"
#include "tidemark/cpython/interpreter.hpp"
#include "tidemark/memory/live_memory.hpp"
#include "tidemark/memory/recording_memory.hpp"
#include "tidemark/proc/proc_root.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::fuzz {

namespace {

/// Readings of one recording: a later one reads in other ways (what is known already) than the first.
constexpr int recorded_readings = 3;

base::Unexpected refused(base::ErrorCode code, const std::string& path, const char* detail) {
  return base::fail(
      base::Error{.code = code, .doing = "load the image of an interpreter", .path = path, .detail = detail});
}

memory::RecordedImage image_of(const memory::RecordingMemory& recording, const cpython::Interpreter& interpreter,
                               base::Tid main_thread) {
  const cpython::Layout& layout = interpreter.layout();
  return {.facts = {{"major", layout.major},
                    {"minor", layout.minor},
                    {"free_threaded", layout.free_threaded ? 1U : 0U},
                    {"runtime", interpreter.place().runtime.value},
                    {"code_type", interpreter.place().code_type.value},
                    {"main_thread", static_cast<std::uint64_t>(main_thread)}},
          .segments = recording.segments()};
}

/// What the fuzzers begin with: the offsets that the process states.
void read_debug_offsets(const memory::MemorySource& memory, const cpython::RuntimePlace& place) {
  std::array<std::byte, cpython::debug_offsets_bytes> start;
  static_cast<void>(memory.read(place.runtime, start));
}

}  // namespace

base::Result<memory::RecordedImage> record_interpreter(base::Pid pid) {
  auto root = proc::ProcRoot::open();
  if (!root) return base::fail(root.error());
  auto files = proc::ProcessFiles::open(*root, pid);
  if (!files) return base::fail(files.error());
  auto live = memory::LiveMemory::open(root->fd(), pid);
  if (!live) return base::fail(live.error());
  auto opened = cpython::Interpreter::open(*files, **live);
  if (const auto* failed = std::get_if<cpython::OpenFailure>(&opened)) return base::fail(failed->error);
  const auto& interpreter = *std::get<std::unique_ptr<cpython::Interpreter>>(opened);
  auto main_thread = proc::inner_pid(*files);
  if (!main_thread) return base::fail(main_thread.error());
  const memory::RecordingMemory recording(**live);
  read_debug_offsets(recording, interpreter.place());
  EverythingReader reader(recording, interpreter.layout(), interpreter.place(), *main_thread);
  for (int i = 0; i < recorded_readings; ++i) reader.read();
  return image_of(recording, interpreter, *main_thread);
}

base::Result<InterpreterImage> load_interpreter(const std::string& path) {
  auto file = memory::read_image(path);
  if (!file) return base::fail(std::move(file).error());
  std::array<std::uint64_t, 6> facts{};
  constexpr std::array names{"major", "minor", "free_threaded", "runtime", "code_type", "main_thread"};
  for (std::size_t i = 0; i < facts.size(); ++i) {
    const auto value = file->fact(names[i]);
    if (!value) return refused(base::ErrorCode::malformed, path, names[i]);
    facts[i] = *value;
  }
  InterpreterImage image{
      .name = std::filesystem::path(path).filename(),
      .memory = std::make_unique<memory::ImageMemory>(),
      .table = cpython::find_layout(static_cast<unsigned>(facts[0]), static_cast<unsigned>(facts[1]), facts[2] != 0),
      .place = {.runtime = {facts[3]}, .code_type = {facts[4]}},
      .main_thread = static_cast<base::Tid>(facts[5])};
  if (image.table == nullptr) return refused(base::ErrorCode::unsupported, path, "no table for its version");
  for (auto& segment : file->segments) {
    if (auto added = image.memory->add(std::move(segment)); !added) return base::fail(std::move(added).error());
  }
  return image;
}

base::Result<std::vector<InterpreterImage>> load_interpreters(const std::string& directory) {
  std::error_code ignored;
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ignored)) paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<InterpreterImage> images;
  for (const auto& path : paths) {
    auto image = load_interpreter(path);
    if (!image) return base::fail(std::move(image).error());
    images.push_back(std::move(*image));
  }
  return images;
}

}  // namespace tidemark::fuzz
