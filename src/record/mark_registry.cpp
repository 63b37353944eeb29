#include "tidemark/record/mark_registry.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

#include "tidemark/record/mark_socket.hpp"

namespace tidemark::record {
namespace {

using Json = nlohmann::json;

constexpr int entry_version = 1;
constexpr std::string_view entry_suffix = ".json";
constexpr std::size_t paths_cap = 256;  // of one entry: a recorder has a handful of outputs
constexpr const char* using_directory = "use the runtime directory";
constexpr const char* publishing = "register the recording";

std::string encode_entry(const RunningRecording& recording) {
  const Json json{{"version", entry_version},
                  {"pid", recording.pid},
                  {"started_wall_ns", recording.started_wall_ns},
                  {"recordings", recording.recordings},
                  {"sockets", recording.sockets}};
  // Paths are bytes: one that is not UTF-8 is recorded, but cannot be found here by its name.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::optional<std::vector<std::string>> strings_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_array() || found->size() > paths_cap) return std::nullopt;
  if (!std::all_of(found->begin(), found->end(), [](const Json& item) { return item.is_string(); }))
    return std::nullopt;
  return found->get<std::vector<std::string>>();
}

std::optional<std::int64_t> number_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

std::optional<RunningRecording> decode_entry(std::string_view text) {
  const auto json = Json::parse(text, nullptr, false);
  if (!json.is_object() || number_of(json, "version") != entry_version) return std::nullopt;
  const auto pid = number_of(json, "pid");
  const auto started_wall_ns = number_of(json, "started_wall_ns");
  auto recordings = strings_of(json, "recordings");
  auto sockets = strings_of(json, "sockets");
  if (!pid || !started_wall_ns || !recordings || !sockets) return std::nullopt;
  return RunningRecording{.pid = static_cast<base::Pid>(*pid),
                          .started_wall_ns = *started_wall_ns,
                          .recordings = std::move(*recordings),
                          .sockets = std::move(*sockets)};
}

/// The names of the entries, not their temporary files.
std::vector<std::string> entry_names(int directory) {
  std::vector<std::string> names;
  base::Fd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* stream = own.is_open() ? ::fdopendir(own.get()) : nullptr;
  if (stream == nullptr) return names;
  static_cast<void>(own.release());  // the stream closes it
  while (const dirent* item = ::readdir(stream)) {
    const std::string_view name(static_cast<const char*>(item->d_name));
    if (name.ends_with(entry_suffix) && name.front() != '.') names.emplace_back(name);
    if (names.size() == registry_entries_cap) break;
  }
  ::closedir(stream);
  return names;
}

/// A stale entry goes with the sockets that its recorder left in this directory; one beside a recording is replaced by
/// the next recorder there.
void remove_stale(int directory, const std::string& directory_path, const std::string& name,
                  const RunningRecording& recording) {
  for (const auto& socket : recording.sockets) {
    const auto slash = socket.rfind('/');
    if (slash != std::string::npos && socket.substr(0, slash) == directory_path) {
      ::unlinkat(directory, socket.substr(slash + 1).c_str(), 0);
    }
  }
  ::unlinkat(directory, name.c_str(), 0);
}

void append_running(const std::string& path, std::vector<RunningRecording>& running) {
  const auto directory = open_runtime_directory(path, false);
  if (!directory) return;
  for (const auto& name : entry_names(directory->get())) {
    const auto text =
        base::read_file(directory->get(), name, registry_entry_cap_bytes, "read a running recording's entry");
    auto entry = text ? decode_entry(*text) : std::nullopt;
    if (!entry) continue;  // of a later version, or gone since: not ours to remove
    if (std::any_of(entry->sockets.begin(), entry->sockets.end(), socket_is_live)) {
      running.push_back(std::move(*entry));
    } else {
      remove_stale(directory->get(), path, name, *entry);
    }
  }
}

base::Result<void> write_entry(int directory, const std::string& name, const std::string& text) {
  const std::string temporary = "." + name;
  auto file =
      base::open_at(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, publishing, S_IRUSR | S_IWUSR);
  if (!file) return base::fail(std::move(file).error());
  std::size_t written = 0;
  auto put = base::write_all(file->get(), text, publishing, written);
  if (put && ::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0) {
    put = base::fail(base::os_error(publishing, errno, name));
  }
  if (!put) ::unlinkat(directory, temporary.c_str(), 0);
  return put;
}

}  // namespace

std::vector<std::string> runtime_directories(std::string_view xdg_runtime_dir, uid_t uid) {
  std::vector<std::string> directories;
  if (xdg_runtime_dir.starts_with('/')) directories.push_back(std::string(xdg_runtime_dir) + "/tidemark");
  directories.push_back("/tmp/tidemark-" + std::to_string(uid));
  return directories;
}

base::Result<base::Fd> open_runtime_directory(const std::string& path, bool create) {
  if (create && ::mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return base::fail(base::os_error(using_directory, errno, path));
  }
  auto directory = base::open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, using_directory);
  if (!directory) return directory;
  struct stat status {};
  if (::fstat(directory->get(), &status) != 0) return base::fail(base::os_error(using_directory, errno, path));
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return base::fail(base::Error{.code = base::ErrorCode::permission,
                                  .doing = using_directory,
                                  .path = path,
                                  .detail = "it must belong to this user alone, with mode 0700"});
  }
  return directory;
}

std::vector<RunningRecording> list_running(std::span<const std::string> directories) {
  std::vector<RunningRecording> running;
  for (const auto& path : directories) append_running(path, running);
  std::sort(running.begin(), running.end(), [](const auto& left, const auto& right) { return left.pid < right.pid; });
  return running;
}

RegistryEntry::RegistryEntry(base::Fd directory, std::string name)
    : directory_(std::move(directory)), name_(std::move(name)) {}

RegistryEntry::~RegistryEntry() {
  if (directory_.is_open()) ::unlinkat(directory_.get(), name_.c_str(), 0);
}

base::Result<RegistryEntry> RegistryEntry::publish(std::span<const std::string> directories,
                                                   const RunningRecording& recording) {
  const std::string name = std::to_string(recording.pid) + std::string(entry_suffix);
  base::Error first{.code = base::ErrorCode::not_found, .doing = publishing, .detail = "there is no runtime directory"};
  bool failed = false;
  for (const auto& path : directories) {
    auto directory = open_runtime_directory(path, true);
    auto written = directory ? write_entry(directory->get(), name, encode_entry(recording))
                             : base::Result<void>(base::fail(directory.error()));
    if (written) return RegistryEntry(std::move(*directory), name);
    if (!failed) first = std::move(written).error();
    failed = true;
  }
  return base::fail(std::move(first));
}

}  // namespace tidemark::record
