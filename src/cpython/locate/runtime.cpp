#include "runtime.hpp"

#include <utility>

#include "open_failures.hpp"
#include "scan.hpp"
#include "version_text.hpp"

namespace tidemark::cpython {

namespace {

using base::ErrorCode;
using model::Reason;

/// The modules of a process, and the runtimes that are in them.
class Search {
 public:
  Search(const proc::ProcessFiles& process, const memory::MemorySource& memory, const LocateOptions& options)
      : process_(process), memory_(memory), options_(options) {}

  std::vector<LocateResult> run() {
    auto regions = process_.maps();
    if (!regions) return only(unreadable_runtime(std::move(regions).error()));
    if (regions->empty())
      return only(open_failure(Reason::gone,
                               {.code = ErrorCode::gone, .doing = finding_runtime, .path = process_.path()}, true));
    executable_ = process_.executable().value_or("");
    has_foreign_pthread_ = !maps_glibc(*regions);
    for (const auto& parts : candidate_files(*regions, executable_)) open(parts);
    look_in_all(cheap_rungs);
    if (results_.empty()) look_elsewhere(*regions);
    if (results_.empty()) {
      std::erase_if(modules_, [](const auto& module) { return is_too_old(*module); });
      look_in_all(other_rungs);
    }
    if (results_.empty()) return only(nothing_found());
    return std::move(results_);
  }

 private:
  static std::vector<LocateResult> only(OpenFailure failed) {
    std::vector<LocateResult> results;
    results.emplace_back(std::move(failed));
    return results;
  }

  void open(const FileRegions& parts) {
    const std::string& path = parts.front().path;
    auto opened = open_module(process_, memory_, parts, path == executable_);
    if (opened) {
      opened->has_foreign_pthread = has_foreign_pthread_;
      modules_.push_back(std::make_shared<const Module>(std::move(*opened)));
      if (is_too_old(*modules_.back())) too_old_ = modules_.back();
      if (modules_.back()->symbols.is_python() || version_in_name(path).empty()) return;
    } else if (version_in_name(path).empty()) {
      return;
    }
    // A python3.x or libpython whose symbols cannot be had is Python all the same.
    if (unopened_) return;
    unopened_ = opened ? base::Error{.code = ErrorCode::unsupported,
                                     .doing = finding_runtime,
                                     .path = path,
                                     .detail = "it has no symbols"}
                       : std::move(opened).error();
  }

  void look_in_all(std::span<const Rung> rungs) {
    for (const auto& module : modules_) {
      for (const Site& site : find_sites(*module, rungs, process_, memory_, options_)) {
        results_.push_back(choose_layout(module, site, process_, memory_, options_));
      }
    }
  }

  void look_elsewhere(const std::vector<proc::MapRegion>& regions) {
    const std::size_t known = modules_.size();
    for (const auto& parts : other_files(regions, executable_)) {
      if (modules_.size() < known + max_candidates && holds_runtime(process_, memory_, parts)) open(parts);
    }
    if (modules_.size() > known) look_in_all(cheap_rungs);
  }

  /// Python 2 and 3.0 to 3.6 are Python by what they export, and have no _PyRuntime.
  static bool is_too_old(const Module& module) {
    const std::string version = version_in_name(module.path);
    return module.symbols.get_version && !module.symbols.runtime &&
           (version.starts_with("2") || (version.size() == 3 && version.starts_with("3.") && version[2] < '7'));
  }

  [[nodiscard]] OpenFailure nothing_found() const {
    Found found;
    if (too_old_) {
      found.module_path = too_old_->path;
      found.version = version_in_name(too_old_->path);
      return unknown_version(found);
    }
    for (const auto& module : modules_) {
      if (!module->symbols.is_python()) continue;
      found.module_path = module->path;
      found.version = version_in_name(module->path);
      return refused_runtime(Reason::unsupported, found, "its runtime is nowhere to be found");
    }
    if (unopened_) return unreadable_runtime(*unopened_);
    return open_failure(
        Reason::not_python,
        {.code = ErrorCode::not_found, .doing = finding_runtime, .path = executable_, .detail = "no CPython in it"});
  }

  const proc::ProcessFiles& process_;
  const memory::MemorySource& memory_;
  const LocateOptions& options_;
  std::string executable_;
  bool has_foreign_pthread_ = false;
  std::vector<std::shared_ptr<const Module>> modules_;
  std::shared_ptr<const Module> too_old_;
  std::optional<base::Error> unopened_;
  std::vector<LocateResult> results_;
};

}  // namespace

std::vector<LocateResult> locate_runtimes(const proc::ProcessFiles& process, const memory::MemorySource& memory,
                                          const LocateOptions& options) {
  return Search(process, memory, options).run();
}

}  // namespace tidemark::cpython
