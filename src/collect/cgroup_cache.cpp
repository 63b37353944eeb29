#include "tidemark/collect/cgroup_cache.hpp"

namespace tidemark::collect {

base::Result<std::string> CgroupCache::locate(base::Pid pid) {
  auto location = proc::find_memory_cgroup(machine_.root, pid, machine_.cgroup_mounts);
  if (!location) return base::fail(std::move(location).error());
  const std::string key = location->directory;
  if (entries_.contains(key)) return key;
  auto files = proc::CgroupFiles::open(*location);
  if (!files) return base::fail(std::move(files).error());
  entries_.emplace(key, Entry{.files = std::move(*files), .reading = model::CgroupReading{}, .serial = 0});
  return key;
}

base::Result<model::CgroupReading> CgroupCache::read(const std::string& path) {
  const auto found = entries_.find(path);
  if (found == entries_.end()) {
    return base::fail({.code = base::ErrorCode::gone, .doing = "read the memory cgroup", .path = path});
  }
  Entry& entry = found->second;
  if (entry.serial != serial_) {
    entry.reading = entry.files.read();
    entry.serial = serial_;
  }
  const auto reading = entry.reading;
  if (!reading && reading.error().code == base::ErrorCode::gone) entries_.erase(found);
  return reading;
}

}  // namespace tidemark::collect
