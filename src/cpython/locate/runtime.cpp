#include "runtime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "version_text.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;
using model::Reason;

constexpr const char* doing = "find the Python runtime";
constexpr const char* untested_micro = ", untested micro";

OpenFailure failure(Reason reason, base::Error error, bool retry = false, Found found = {}) {
  return OpenFailure{.reason = reason, .error = std::move(error), .retry = retry, .found = std::move(found)};
}

/// The process changes under our hands when it is just replaced or forked: try again later.
OpenFailure unreadable(base::Error error, Found found = {}) {
  const Reason reason = model::reason_of(error);
  const bool may_pass = error.code == ErrorCode::absent || error.code == ErrorCode::fault;
  return failure(reason, std::move(error), may_pass, std::move(found));
}

OpenFailure refused(Reason reason, const Found& found, std::string detail) {
  return failure(
      reason, {.code = ErrorCode::unsupported, .doing = doing, .path = found.module_path, .detail = std::move(detail)},
      false, found);
}

std::string known_versions() {
  std::string text;
  for (const Layout* layout : layouts()) {
    text += fmt::format("{}{}.{}{}", text.empty() ? "" : ", ", layout->major, layout->minor,
                        layout->free_threaded ? "t" : "");
  }
  return text;
}

OpenFailure unknown_version(const Found& found) {
  const std::string version = found.version.empty() ? "an unknown version" : found.version;
  return refused(Reason::version, found, fmt::format("{}; known are {}", version, known_versions()));
}

std::string text_of(const Version& version) {
  std::string text = fmt::format("{}.{}.{}", version.major, version.minor, version.micro);
  constexpr unsigned final_release = 0xf;
  if (version.release_level == final_release) return text;
  const char* level = version.release_level == 0xa ? "a" : version.release_level == 0xb ? "b" : "rc";
  return text + fmt::format("{}{}", level, version.serial);
}

/// Bytes at a linked address: out of the file where they are constant (their page need not be resident), else of the
/// target.
base::Result<void> read_linked(const Module& module, const memory::MemorySource& memory, std::uint64_t address,
                               std::span<std::byte> into) {
  if (module.file.read_at(address, into)) return {};
  return memory.read(Address{address}.plus(module.bias), into);
}

base::Result<Version> read_version(const Module& module, const memory::MemorySource& memory) {
  std::uint64_t hex = 0;
  auto read = read_linked(module, memory, module.symbols.version->address, std::as_writable_bytes(std::span(&hex, 1)));
  if (!read) return base::fail(std::move(read).error());
  return version_of(hex);
}

/// Everything that decides on the layout, once the module is known to be Python's.
class Chooser {
 public:
  Chooser(Module module, const memory::MemorySource& memory) : module_(std::move(module)), memory_(memory) {
    found_.module_path = module_.path;
  }

  LocateResult choose() {
    const auto& symbols = module_.symbols;
    if (!symbols.runtime) return without_runtime();
    if (!symbols.version) {  // 3.7 to 3.10
      const auto version = find_version(module_, memory_);
      return version ? with_version(*version) : without_version();
    }
    auto version = read_version(module_, memory_);
    if (!version) return unreadable(std::move(version).error(), found_);
    return with_version(*version);
  }

 private:
  LocateResult with_version(const Version& version) {
    const auto& symbols = module_.symbols;
    found_.version = text_of(version);
    if (symbols.is_debug) return refused(Reason::debug_build, found_, "a pydebug build");
    std::array<std::byte, debug_offsets_bytes> start;
    const Address runtime = Address{symbols.runtime->address}.plus(module_.bias);
    if (auto read = memory_.read(runtime, start); !read) return unreadable(std::move(read).error(), found_);
    const auto offsets = parse_debug_offsets(start);
    const Layout* table = find_layout(version.major, version.minor, offsets && offsets->free_threaded);
    if (table == nullptr) return unknown_version(found_);
    return with_table(*table, version, offsets, runtime);
  }

  /// The text is made while the interpreter starts. A name says only for some which version that will be.
  LocateResult without_version() {
    found_.version = version_in_name(module_.path);
    const auto is_named = [this](const Layout* layout) {
      return found_.version == fmt::format("{}.{}", layout->major, layout->minor);
    };
    if (!found_.version.empty() && std::ranges::none_of(layouts(), is_named)) return unknown_version(found_);
    return failure(Reason::starting,
                   {.code = ErrorCode::busy, .doing = doing, .path = found_.module_path, .detail = "it has no version"},
                   true, found_);
  }

  /// Python by what it exports, but without the symbol: Python 2 and 3.0 to 3.6, or somebody stripped it.
  LocateResult without_runtime() {
    found_.version = version_in_name(module_.path);
    const bool is_older = found_.version.starts_with("2") ||
                          (found_.version.size() == 3 && found_.version.starts_with("3.") && found_.version[2] < '7');
    if (is_older) return unknown_version(found_);
    return refused(Reason::unsupported, found_, "it exports no _PyRuntime");
  }

  LocateResult with_table(const Layout& table, const Version& version, const std::optional<DebugOffsets>& offsets,
                          Address runtime) {
    const std::uint64_t size = module_.symbols.runtime->size_bytes;
    const bool is_known = std::ranges::find(table.runtime_sizes, size) != table.runtime_sizes.end();
    const std::string named = version_in_name(module_.path);
    if (size < table.runtime.interpreters_main.end())
      return refused(Reason::self_check, found_, "a cut off _PyRuntime");
    if (!is_known && !named.empty() && !found_.version.starts_with(named)) {
      return refused(Reason::self_check, found_, "its file is named for another version");
    }
    if (!module_.symbols.code_type) return refused(Reason::unsupported, found_, "it exports no PyCode_Type");
    // The cookie is constant, so this is a process that is being replaced or no Python that we know.
    if (table.has_debug_offsets && !offsets) return contradicted("the cookie of its version is missing");
    if (offsets && !agrees(*offsets, version, size)) return contradicted("its cookie contradicts it");
    Layout layout = table;
    if (offsets) {
      auto stated = with_debug_offsets(table, *offsets);
      if (!stated) return failure(Reason::self_check, std::move(stated).error(), false, found_);
      layout = *stated;
    }
    found_.layout_origin = std::string(cpython::text_of(layout.origin)) + (is_known ? "" : untested_micro);
    const Address code_type = Address{module_.symbols.code_type->address}.plus(module_.bias);
    return LocatedRuntime{.found = std::move(found_),
                          .layout = layout,
                          .place = {.runtime = runtime, .code_type = code_type},
                          .module = std::move(module_),
                          .is_untested_micro = !is_known};
  }

  [[nodiscard]] OpenFailure contradicted(std::string detail) const {
    return failure(
        Reason::self_check,
        {.code = ErrorCode::malformed, .doing = doing, .path = found_.module_path, .detail = std::move(detail)}, true,
        found_);
  }

  /// The cookie's version and size of the runtime against what the file says.
  static bool agrees(const DebugOffsets& offsets, const Version& version, std::uint64_t runtime_size) {
    constexpr std::size_t runtime_size_at = 0x18;
    const Version stated = version_of(offsets.py_version_hex);
    return stated.major == version.major && stated.minor == version.minor && stated.micro == version.micro &&
           Piece{.bytes = offsets.bytes}.get_at<std::uint64_t>(runtime_size_at) == runtime_size;
  }

  Module module_;
  const memory::MemorySource& memory_;
  Found found_;
};

}  // namespace

LocateResult choose_layout(Module module, const memory::MemorySource& memory) {
  return Chooser(std::move(module), memory).choose();
}

LocateResult locate_runtime(const proc::ProcessFiles& process, const memory::MemorySource& memory) {
  auto regions = process.maps();
  if (!regions) return unreadable(std::move(regions).error());
  if (regions->empty())
    return failure(Reason::gone, {.code = ErrorCode::gone, .doing = doing, .path = process.path()}, true);
  const std::string executable = process.executable().value_or("");
  std::optional<base::Error> unopened;
  for (const auto& parts : candidate_files(*regions, executable)) {
    const std::string& path = parts.front().path;
    auto module = open_module(process, memory, parts, path == executable);
    if (module && module->symbols.is_python()) return choose_layout(std::move(module).value(), memory);
    // A python3.x or libpython whose symbols cannot be had is Python all the same.
    if (version_in_name(path).empty() || unopened) continue;
    unopened =
        module
            ? base::Error{.code = ErrorCode::unsupported, .doing = doing, .path = path, .detail = "it has no symbols"}
            : std::move(module).error();
  }
  if (unopened) return unreadable(std::move(*unopened));
  return failure(Reason::not_python,
                 {.code = ErrorCode::not_found, .doing = doing, .path = executable, .detail = "no CPython in it"});
}

}  // namespace tidemark::cpython
