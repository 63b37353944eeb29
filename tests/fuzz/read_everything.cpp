#include "read_everything.hpp"

#include <cstdio>
#include <cstdlib>

#include "tidemark/base/text.hpp"
#include "tidemark/cpython/gc_lists.hpp"
#include "tidemark/cpython/objects.hpp"
#include "tidemark/cpython/render.hpp"
#include "tidemark/cpython/sizeof.hpp"

namespace tidemark::fuzz {

namespace {

/// A name is cut at max_name_characters, of up to 4 bytes each; then an ellipsis of 3 follows.
constexpr std::size_t max_name_bytes = cpython::max_name_characters * 4 + 3;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

bool has_gap(const std::vector<model::Gap>& gaps, model::Source source) {
  for (const auto& gap : gaps) {
    if (gap.source == source || gap.source == model::Source::python) return true;
  }
  return false;
}

void check_frame(const model::FrameLocation& frame) {
  require(frame.code != nullptr, "a frame names its code");
  require(frame.code->function.size() <= max_name_bytes, "the name of a function passes its cap");
  require(frame.code->file.size() <= max_name_bytes, "the name of a file passes its cap");
}

void check_snapshot(const cpython::PythonSnapshot& snapshot) {
  const auto& [reading, gaps] = snapshot;
  require(reading.threads.has_value() != has_gap(gaps, model::Source::threads), "the threads, or a gap of them");
  require(reading.gc.has_value() || has_gap(gaps, model::Source::gc), "the collector, or a gap of it");
  require(!(reading.gil_holder && has_gap(gaps, model::Source::gil)), "the holder of the GIL and a gap of it");
  require(!(reading.frame && has_gap(gaps, model::Source::frame)), "a frame and a gap of it");
  if (reading.frame) check_frame(*reading.frame);
}

void check_thread(const model::ThreadStack& thread) {
  require(thread.frames != nullptr || thread.failure.has_value(), "the frames of a thread, or why not");
  require(thread.tries >= 0 && thread.tries <= cpython::max_stack_tries, "a thread has too many tries");
  require(!thread.name || thread.name->size() <= max_name_bytes, "the name of a thread passes its cap");
  if (thread.frames == nullptr) return;
  require(thread.frames->size() <= cpython::max_stack_frames, "a stack passes its cap");
  for (const auto& frame : *thread.frames) check_frame(frame);
}

void check_stacks(const model::StackReading& reading) {
  require(!reading.interpreters.empty() || !reading.gaps.empty(), "no interpreter, and no gap that says why");
  for (const auto& thread : reading.threads) check_thread(thread);
}

/// Of the collector's lists, and of those of their objects that are looked at: so that an image stays small.
constexpr std::uint64_t nodes_walked = 400, objects_between_shown = 40;

void check_object(const memory::MemorySource& memory, const cpython::Layout& layout, base::Address object) {
  constexpr cpython::RenderOptions options{.columns = 60, .depth = 3, .items = 5};
  const std::string text = cpython::render_object(memory, layout, object, options);
  require(text.size() <= options.columns * 4, "a text is too wide");
  require(base::is_printable(text), "a text is not printable");
  const auto type = memory.read_value<base::Address>(object.plus(layout.object.type.offset()));
  if (!type) return;
  const auto owner = cpython::find_sizeof(memory, layout, *type);
  require(!owner || owner->name.size() <= cpython::max_c_string_bytes, "the name of a type passes its cap");
}

}  // namespace

void EverythingReader::read_objects() const {
  std::uint64_t seen = 0;
  const auto lists =
      cpython::read_gc_lists(memory_, layout_, place_, {.nodes = nodes_walked}, [&](base::Address object, auto) {
        if (seen++ % objects_between_shown == 0) check_object(memory_, layout_, object);
      });
  require(seen <= nodes_walked, "the walk of the collector's lists passes its cap");
  if (!lists) return;
  std::uint64_t counted = 0;
  for (const auto count : lists->counts) counted += count;
  require(counted == seen, "the collector's objects are counted as they are seen");
}

void EverythingReader::read() {
  check_snapshot(snapshots_.read());
  static_cast<void>(snapshots_.native_thread_ids());
  static_cast<void>(snapshots_.places());
  check_stacks(stacks_.read());
  check_stacks(stacks_.read_named());
  read_objects();
}

}  // namespace tidemark::fuzz
