#include "site.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "scan.hpp"
#include "segment_copy.hpp"
#include "tidemark/cpython/debug_file.hpp"
#include "version_text.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

struct Name {
  Rung rung;
  std::string_view text;
};
constexpr std::array<Name, 5> names{Name{Rung::section, "section"}, Name{Rung::symbols, "symbols"},
                                    Name{Rung::memory_symbols, "memory_symbols"}, Name{Rung::debug_file, "debug_file"},
                                    Name{Rung::scan, "scan"}};

constexpr std::uint64_t max_unnamed_bytes = 8 << 20;

std::vector<Site> one_site(Rung rung, RuntimeSymbols symbols) {
  if (!symbols.runtime) return {};
  return {Site{.rung = rung, .located_by = std::string(text_of(rung)), .symbols = std::move(symbols)}};
}

class Ladder {
 public:
  Ladder(const Module& module, const proc::ProcessFiles& process, const memory::MemorySource& memory)
      : module_(module), process_(process), memory_(memory) {}

  [[nodiscard]] std::vector<Site> climb(Rung rung) const {
    switch (rung) {
      case Rung::section:
        return in_section();
      case Rung::symbols:
        return one_site(rung, module_.symbols);
      case Rung::memory_symbols:
        return module_.mapped ? one_site(rung, read_symbols(*module_.mapped, memory_)) : std::vector<Site>{};
      case Rung::debug_file:
        return in_debug_file();
      case Rung::scan:
        return by_scan();
    }
    return {};
  }

 private:
  /// A section of this name without the cookie is believed where no symbol says otherwise: 3.10 to 3.12 have none.
  [[nodiscard]] std::vector<Site> in_section() const {
    const auto& section = module_.runtime_section;
    if (!section || section->address == 0) return {};
    const auto& symbol = module_.symbols.runtime;
    if (symbol && symbol->address != section->address && !has_cookie(section->address)) return {};
    RuntimeSymbols symbols = module_.symbols;
    symbols.runtime = elf::Symbol{.address = section->address, .size_bytes = section->size_bytes};
    return one_site(Rung::section, std::move(symbols));
  }

  [[nodiscard]] std::vector<Site> in_debug_file() const {
    const auto debug = find_debug_file(process_, build_id_of(module_, memory_));
    if (!debug) return {};
    auto symbols = read_symbols(debug->file);
    if (!symbols) return {};
    auto sites = one_site(Rung::debug_file, std::move(*symbols));
    for (Site& site : sites) site.located_by += " " + debug->path;
    return sites;
  }

  /// Every program that is not Python's comes here once: of what is not called so, only a small one is searched.
  [[nodiscard]] bool may_be_scanned() const {
    std::uint64_t bytes = 0;
    for (const auto& segment : module_.segments) bytes += segment.writable ? segment.memory_bytes : 0;
    return bytes <= max_unnamed_bytes || module_.path.find("python") != std::string::npos;
  }

  [[nodiscard]] std::vector<Site> by_scan() const {
    if (!may_be_scanned()) return {};
    const auto copies = copy_writable(module_, memory_);
    std::vector<Address> places = scan_for_cookie(copies);
    if (places.empty()) {
      const auto version = find_version(module_, memory_);
      const Layout* layout = version ? find_layout(version->major, version->minor) : nullptr;
      if (layout != nullptr && !layout->has_debug_offsets) places = scan_for_runtime(copies, *layout, memory_);
    }
    std::vector<Site> sites;
    for (const Address place : places) {
      RuntimeSymbols symbols;  // what the tables say is left aside: they have no runtime, or are not to be asked
      symbols.is_debug = module_.symbols.is_debug;
      symbols.runtime = elf::Symbol{.address = place.minus(module_.bias).value, .size_bytes = 0};
      sites.push_back({.rung = Rung::scan, .located_by = std::string(text_of(Rung::scan)), .symbols = symbols});
    }
    return sites;
  }

  [[nodiscard]] bool has_cookie(std::uint64_t address) const {
    std::array<std::byte, debug_offsets_bytes> start;
    return memory_.read(Address{address}.plus(module_.bias), start) && parse_debug_offsets(start);
  }

  const Module& module_;
  const proc::ProcessFiles& process_;
  const memory::MemorySource& memory_;
};

}  // namespace

std::string_view text_of(Rung rung) {
  const auto at = std::ranges::find(names, rung, &Name::rung);
  return at == names.end() ? "unknown" : at->text;
}

std::optional<Rung> find_rung(std::string_view text) {
  const auto at = std::ranges::find(names, text, &Name::text);
  return at == names.end() ? std::nullopt : std::optional(at->rung);
}

std::vector<Site> find_sites(const Module& module, std::span<const Rung> rungs, const proc::ProcessFiles& process,
                             const memory::MemorySource& memory, const LocateOptions& options) {
  const Ladder ladder(module, process, memory);
  for (const Rung rung : rungs) {
    if (options.only && *options.only != rung) continue;
    if (auto sites = ladder.climb(rung); !sites.empty()) return sites;
  }
  return {};
}

}  // namespace tidemark::cpython
