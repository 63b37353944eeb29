// Purpose: what `tidemark doctor` says, as plain values, and its text and JSON. Values in, text out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tidemark/present/report.hpp"

namespace tidemark::present {

/// ok: works; missing: does not, which costs something; unknown: cannot be told; note: a fact, neither good nor bad.
enum class Mark { ok, missing, unknown, note };
[[nodiscard]] std::string_view text_of(Mark mark);

/// A value for scripts; nothing is null.
using FactValue = std::variant<std::monostate, bool, std::int64_t, std::string>;

struct DoctorFact {
  std::string key;   ///< stable: "yama_ptrace_scope"
  std::string name;  ///< for people: "Yama"
  Mark mark = Mark::note;
  std::string text;  ///< may hold names from elsewhere: made safe when shown
  FactValue value = {};
};

struct DoctorGroup {
  std::string key, title;
  std::vector<DoctorFact> facts;
};

struct Remedy {
  std::string where;  ///< "bare metal", "Docker", "Kubernetes"
  std::string what;
};

/// A problem and what to do about it, the gentlest first.
struct Advice {
  std::string key;  ///< stable: "other_user"
  std::string problem;
  std::vector<Remedy> remedies;
};

/// A mapped file of the target.
struct LoadedModule {
  std::string path;
  std::uint64_t mapped_bytes = 0, resident_bytes = 0;
};

struct DoctorView {
  std::optional<std::int64_t> pid;  ///< of the target that was asked about
  std::string tier;                 ///< stable: "python", "proc", "none"
  std::string summary;              ///< a sentence
  int exit_status = 0;
  std::vector<DoctorGroup> groups;
  std::optional<std::vector<LoadedModule>> extension_modules;  ///< nullopt: not known
  std::vector<Advice> advice;
};

[[nodiscard]] std::string doctor_text(const DoctorView& view, const TextStyle& style);
/// {"schema":1,"tool":…}; docs/doctor.md has the keys.
[[nodiscard]] std::string doctor_json(const DoctorView& view);

}  // namespace tidemark::present
