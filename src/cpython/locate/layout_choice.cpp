#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "open_failures.hpp"
#include "runtime.hpp"
#include "scan.hpp"
#include "segment_copy.hpp"
#include "tidemark/cpython/debug_file.hpp"
#include "version_text.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;
using base::ErrorCode;
using model::Reason;

constexpr const char* untested_micro = ", untested micro";

std::string text_of(const Version& version) {
  std::string text = fmt::format("{}.{}.{}", version.major, version.minor, version.micro);
  constexpr unsigned final_release = 0xf;
  if (version.release_level == final_release) return text;
  const char* level = version.release_level == 0xa ? "a" : version.release_level == 0xb ? "b" : "rc";
  return text + fmt::format("{}{}", level, version.serial);
}

/// Everything that decides on the layout of a runtime whose place is known.
class Chooser {
 public:
  Chooser(std::shared_ptr<const Module> module, const Site& site, const proc::ProcessFiles& process,
          const memory::MemorySource& memory, const LocateOptions& options)
      : module_(std::move(module)), site_(site), process_(process), memory_(memory), options_(options) {
    found_.module_path = module_->path;
    found_.located_by = site_.located_by;
    found_.build_id = build_id_of(*module_, memory_);
    runtime_ = Address{site_.symbols.runtime->address}.plus(module_->bias);
  }

  LocateResult choose() {
    if (auto read = read_start(); !read) return unreadable_runtime(std::move(read).error(), found_);
    auto version = find_stated_version();
    if (!version) return unreadable_runtime(std::move(version).error(), found_);
    return *version ? with_version(**version) : without_version();
  }

 private:
  base::Result<void> read_start() {
    auto read = memory_.read(runtime_, start_);
    if (read) offsets_ = parse_debug_offsets(start_);
    // Before 3.13 it is only its fields that must be there.
    const bool is_nothing = read.has_value() || read.error().code == ErrorCode::fault;
    return is_nothing ? base::Result<void>() : read;
  }

  /// The number that it exports (3.11 on), what its cookie says (3.13 on), the text that it makes while it starts.
  base::Result<std::optional<Version>> find_stated_version() {
    if (const auto& symbol = site_.symbols.version) {
      std::uint64_t hex = 0;
      auto read = read_linked(*module_, memory_, symbol->address, std::as_writable_bytes(std::span(&hex, 1)));
      if (read) return std::optional(version_of(hex));
      if (!offsets_) return base::fail(std::move(read).error());
    }
    if (offsets_) return std::optional(version_of(offsets_->py_version_hex));
    return find_version(*module_, memory_);
  }

  LocateResult with_version(const Version& version) {
    found_.version = text_of(version);
    const Layout* table = find_layout(version.major, version.minor, offsets_ && offsets_->free_threaded);
    if (table == nullptr) return unknown_version(found_);
    return with_table(*table, version);
  }

  /// The text is made while the interpreter starts. A name says only for some which version that will be.
  LocateResult without_version() {
    found_.version = version_in_name(module_->path);
    const auto is_named = [this](const Layout* layout) {
      return found_.version == fmt::format("{}.{}", layout->major, layout->minor);
    };
    if (!found_.version.empty() && std::ranges::none_of(layouts(), is_named)) return unknown_version(found_);
    return open_failure(
        Reason::starting,
        {.code = ErrorCode::busy, .doing = finding_runtime, .path = found_.module_path, .detail = "it has no version"},
        true, found_);
  }

  LocateResult with_table(const Layout& table, const Version& version) {
    const std::uint64_t size = size_of_runtime();
    const bool is_known = std::ranges::find(table.runtime_sizes, size) != table.runtime_sizes.end();
    const std::string named = version_in_name(module_->path);
    if (size != 0 && size < table.runtime.interpreters_main.end())
      return refused_runtime(Reason::self_check, found_, "a cut off _PyRuntime");
    if (!is_known && !named.empty() && !found_.version.starts_with(named)) {
      return refused_runtime(Reason::self_check, found_, "its file is named for another version");
    }
    // The cookie is constant, so this is a process that is being replaced or no Python that we know.
    if (table.has_debug_offsets && !offsets_) return contradicted("the cookie of its version is missing");
    if (offsets_ && !agrees(version, size)) return contradicted("its cookie contradicts it");
    auto layout = layout_from(table, is_known && !site_.symbols.is_debug);
    if (!layout) {
      const bool is_bad = layout.error().code == ErrorCode::malformed || layout.error().code == ErrorCode::limit;
      return open_failure(is_bad ? Reason::self_check : Reason::unsupported, std::move(layout).error(), false, found_);
    }
    // No table was made from such a build: its own word is needed.
    if (site_.symbols.is_debug && layout->origin == LayoutOrigin::builtin) {
      return refused_runtime(Reason::debug_build, found_, "a pydebug build without debug information");
    }
    if (layout->thread.pthread.is_present() && module_->has_foreign_pthread) {
      layout->pthread.tid = {};
      found_.missing.native_ids = true;
    }
    const auto code_type = find_code_type(*layout);
    if (!code_type) return refused_runtime(Reason::unsupported, found_, "PyCode_Type is nowhere to be found");
    found_.layout_origin = std::string(cpython::text_of(layout->origin)) + (is_known ? "" : untested_micro);
    return LocatedRuntime{.found = std::move(found_),
                          .layout = *layout,
                          .place = {.runtime = runtime_, .code_type = *code_type},
                          .module = std::move(module_),
                          .is_strict = !is_known || site_.symbols.is_debug || site_.rung == Rung::scan};
  }

  /// Reading debug information takes some 100 ms: only where nothing else is known, or somebody wants it.
  [[nodiscard]] base::Result<Layout> layout_from(const Layout& table, bool is_known) const {
    const auto wanted = options_.layout_origin;
    const auto may_be = [&](LayoutOrigin origin) { return wanted.value_or(origin) == origin; };
    if (wanted == LayoutOrigin::dwarf || (!wanted && !is_known)) {
      auto own = own_layout(table);
      if (own || wanted) return own;
    }
    if (offsets_ && may_be(LayoutOrigin::debug_offsets)) return with_debug_offsets(table, *offsets_);
    if (may_be(LayoutOrigin::builtin)) return table;
    return base::fail(base::Error{.code = ErrorCode::unsupported,
                                  .doing = finding_runtime,
                                  .path = found_.module_path,
                                  .detail = "it has no layout of the origin that was asked for"});
  }

  /// By the debug information of the mapped file, or of the detached one of its build-id.
  [[nodiscard]] base::Result<Layout> own_layout(const Layout& table) const {
    if (module_->file) {
      auto layout = layout_from_dwarf(*module_->file, table);
      if (layout || layout.error().code != ErrorCode::not_found) return layout;
    }
    const auto debug = find_debug_file(process_, found_.build_id);
    if (!debug) {
      return base::fail(base::Error{.code = ErrorCode::not_found,
                                    .doing = finding_runtime,
                                    .path = found_.module_path,
                                    .detail = "it has no debug information, nor a debug file"});
    }
    const auto alternate = find_alternate(process_, *debug);
    return layout_from_dwarf(debug->file, table, alternate ? &alternate->file : nullptr);
  }

  [[nodiscard]] std::optional<Address> find_code_type(const Layout& layout) const {
    if (const auto& symbol = site_.symbols.code_type) return Address{symbol->address}.plus(module_->bias);
    return scan_for_code_type(copy_writable(*module_, memory_), layout, *module_, memory_);
  }

  /// As the symbol or the section says, else the cookie; 0: nobody does.
  [[nodiscard]] std::uint64_t size_of_runtime() const {
    const std::uint64_t size = site_.symbols.runtime->size_bytes;
    return size != 0 ? size : stated_size().value_or(0);
  }

  [[nodiscard]] std::optional<std::uint64_t> stated_size() const {
    constexpr std::size_t runtime_size_at = 0x18;
    if (!offsets_) return std::nullopt;
    return Piece{.bytes = offsets_->bytes}.get_at<std::uint64_t>(runtime_size_at);
  }

  [[nodiscard]] OpenFailure contradicted(std::string detail) const {
    return open_failure(Reason::self_check,
                        {.code = ErrorCode::malformed,
                         .doing = finding_runtime,
                         .path = found_.module_path,
                         .detail = std::move(detail)},
                        true, found_);
  }

  /// The cookie's version and size of the runtime against what the file says.
  [[nodiscard]] bool agrees(const Version& version, std::uint64_t runtime_size) const {
    const Version stated = version_of(offsets_->py_version_hex);
    return stated.major == version.major && stated.minor == version.minor && stated.micro == version.micro &&
           stated_size() == runtime_size;
  }

  std::shared_ptr<const Module> module_;
  const Site& site_;
  const proc::ProcessFiles& process_;
  const memory::MemorySource& memory_;
  const LocateOptions& options_;
  Found found_;
  Address runtime_;
  std::array<std::byte, debug_offsets_bytes> start_{};
  std::optional<DebugOffsets> offsets_;
};

}  // namespace

LocateResult choose_layout(std::shared_ptr<const Module> module, const Site& site, const proc::ProcessFiles& process,
                           const memory::MemorySource& memory, const LocateOptions& options) {
  return Chooser(std::move(module), site, process, memory, options).choose();
}

}  // namespace tidemark::cpython
