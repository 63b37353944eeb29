// Purpose: processes of one cgroup share its descriptors, and it is read once a tick however many they are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "tidemark/collect/machine.hpp"
#include "tidemark/model/sample.hpp"

namespace tidemark::collect {

class CgroupCache {
 public:
  explicit CgroupCache(const Machine& machine) : machine_(machine) {}

  /// Begins a tick: readings of the last one are no longer good.
  void begin_tick() { ++serial_; }

  /// Where the process is now; it may be moved while it runs. Errors: unsupported, gone, permission.
  [[nodiscard]] base::Result<std::string> locate(base::Pid pid);

  /// The reading of a cgroup that `locate` gave. `gone` when it has been removed.
  [[nodiscard]] base::Result<model::CgroupReading> read(const std::string& path);

 private:
  struct Entry {
    proc::CgroupFiles files;
    base::Result<model::CgroupReading> reading;
    std::uint64_t serial = 0;
  };

  const Machine& machine_;
  std::map<std::string, Entry> entries_;
  std::uint64_t serial_ = 1;
};

}  // namespace tidemark::collect
