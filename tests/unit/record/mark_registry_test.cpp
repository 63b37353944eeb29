#include "tidemark/record/mark_registry.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "mark_support.hpp"
#include "support.hpp"
#include "tidemark/record/mark_socket.hpp"

using namespace tidemark;
using namespace tidemark::record;
using namespace tidemark::record::test;
namespace fs = std::filesystem;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777U;
}

std::size_t files_in(const std::string& path) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
}

ListeningSocket listen_at(const std::string& path) {
  auto socket = ListeningSocket::open(path);
  REQUIRE_MESSAGE(socket.has_value(), base::describe(socket.error()));
  return std::move(*socket);
}

}  // namespace

TEST_CASE("a socket is its owner's alone, leaves nothing behind, and goes with it") {
  const TempDirectory directory;
  {
    const auto socket = listen_at(directory.file("a.sock"));
    CHECK(mode_of(directory.file("a.sock")) == 0600);
    CHECK(files_in(directory.path()) == 1);
    CHECK(socket_is_live(directory.file("a.sock")));
    CHECK(connect_socket(directory.file("a.sock"), patience_ns).has_value());
  }
  CHECK(files_in(directory.path()) == 0);
}

TEST_CASE("a socket moved to another owner stays") {
  const TempDirectory directory;
  auto first = listen_at(directory.file("a.sock"));
  const auto second = std::move(first);
  CHECK(socket_is_live(directory.file("a.sock")));
  CHECK(second.path() == directory.file("a.sock"));
}

TEST_CASE("paths of any length work, names up to 255 bytes") {
  const TempDirectory directory;
  std::string deep = directory.path();
  for (int i = 0; i < 8; ++i) deep += "/" + std::string(100, 'd');
  fs::create_directories(deep);
  const std::string path = deep + '/' + std::string(250, 'n') + ".sock";
  const auto socket = listen_at(path);
  CHECK(connect_socket(path, patience_ns).has_value());
  const auto longer = ListeningSocket::open(deep + '/' + std::string(251, 'n') + ".sock");
  REQUIRE_FALSE(longer);
  CHECK(longer.error().os_errno == ENAMETOOLONG);
  CHECK(longer.error().path.ends_with(".sock"));
  CHECK(files_in(deep) == 1);
}

TEST_CASE("a live socket is never stolen") {
  const TempDirectory directory;
  const auto first = listen_at(directory.file("a.sock"));
  const auto second = ListeningSocket::open(directory.file("a.sock"));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == base::ErrorCode::busy);
  CHECK(connect_socket(directory.file("a.sock"), patience_ns).has_value());
  CHECK(files_in(directory.path()) == 1);
}

TEST_CASE("a live socket whose queue is full is not taken for a stale one") {
  const TempDirectory directory;
  const auto first = listen_at(directory.file("a.sock"));
  std::vector<base::Fd> waiting;
  while (true) {
    auto client = connect_socket(directory.file("a.sock"), 0);
    if (!client) {
      CHECK(client.error().code == base::ErrorCode::busy);
      break;
    }
    waiting.push_back(std::move(*client));
  }
  CHECK(socket_is_live(directory.file("a.sock")));
  CHECK_FALSE(ListeningSocket::open(directory.file("a.sock")).has_value());
}

TEST_CASE("what a killed recorder left is stale and replaced") {
  const TempDirectory directory;
  const auto path = directory.file("a.sock");
  run_and_kill([&] { return ListeningSocket::open(path); });
  REQUIRE(fs::is_socket(path));
  CHECK_FALSE(socket_is_live(path));
  const auto refused = connect_socket(path, patience_ns);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::ErrorCode::closed);
  const auto socket = listen_at(path);
  CHECK(connect_socket(path, patience_ns).has_value());
  CHECK(files_in(directory.path()) == 1);
}

TEST_CASE("a file, a directory or a link in the way stays") {
  const TempDirectory directory;
  write_text(directory.file("file.sock"), "precious");
  fs::create_directory(directory.file("directory.sock"));
  run_and_kill([&] { return ListeningSocket::open(directory.file("stale.sock")); });
  fs::create_symlink(directory.file("stale.sock"), directory.file("link.sock"));
  for (const char* name : {"file.sock", "directory.sock", "link.sock"}) {
    CAPTURE(name);
    const auto socket = ListeningSocket::open(directory.file(name));
    REQUIRE_FALSE(socket);
    CHECK(socket.error().code == base::ErrorCode::busy);
    CHECK_FALSE(socket_is_live(directory.file(name)));
  }
  CHECK(read_text(directory.file("file.sock")) == "precious");
  CHECK(fs::is_symlink(directory.file("link.sock")));
  CHECK(files_in(directory.path()) == 4);
}

TEST_CASE("the runtime directories, in order") {
  CHECK(runtime_directories("/run/user/7", 7) == std::vector<std::string>{"/run/user/7/tidemark", "/tmp/tidemark-7"});
  CHECK(runtime_directories("", 0) == std::vector<std::string>{"/tmp/tidemark-0"});
  CHECK(runtime_directories("relative", 0) == std::vector<std::string>{"/tmp/tidemark-0"});
}

TEST_CASE("a runtime directory is made private, and one that is not is refused") {
  const TempDirectory directory;
  const auto path = directory.file("run");
  CHECK_FALSE(open_runtime_directory(path, false).has_value());
  REQUIRE(open_runtime_directory(path, true).has_value());
  CHECK(mode_of(path) == 0700);
  CHECK(open_runtime_directory(path, true).has_value());
  fs::create_directory_symlink(path, directory.file("link"));
  CHECK_FALSE(open_runtime_directory(directory.file("link"), true).has_value());
  fs::permissions(path, fs::perms::owner_all | fs::perms::group_exec);
  const auto open_to_others = open_runtime_directory(path, true);
  REQUIRE_FALSE(open_to_others);
  CHECK(open_to_others.error().code == base::ErrorCode::permission);
  if (::geteuid() != 0) return;
  fs::permissions(path, fs::perms::owner_all);
  REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
  CHECK_FALSE(open_runtime_directory(path, true).has_value());
}

TEST_CASE("an entry is listed while its recorder lives") {
  const TempDirectory directory;
  const std::vector<std::string> runtime{directory.file("missing/run"), directory.file("run")};
  const auto socket = listen_at(directory.file("a.csv.sock"));
  const RunningRecording recording{.pid = 4711,
                                   .started_wall_ns = some_wall_ns,
                                   .recordings = {directory.file("a.csv"), "-"},
                                   .sockets = {directory.file("gone.sock"), socket.path()}};
  {
    const auto entry = RegistryEntry::publish(runtime, recording);
    REQUIRE(entry);
    CHECK(fs::exists(directory.file("run/4711.json")));
    CHECK(files_in(directory.file("run")) == 1);
    const auto running = list_running(runtime);
    REQUIRE(running.size() == 1);
    CHECK(running[0].pid == 4711);
    CHECK(running[0].started_wall_ns == some_wall_ns);
    CHECK(running[0].recordings == recording.recordings);
    CHECK(running[0].sockets == recording.sockets);
  }
  CHECK(list_running(runtime).empty());
  CHECK(files_in(directory.file("run")) == 0);
}

TEST_CASE("the entry of a killed recorder is removed by whoever meets it, with its socket in the runtime directory") {
  const TempDirectory directory;
  const std::vector<std::string> runtime{directory.file("run")};
  run_and_kill([&] { return MarkServer::open({.recordings = {"-"}, .runtime_directories = runtime}); });
  CHECK(files_in(directory.file("run")) == 2);
  CHECK(list_running(runtime).empty());
  CHECK(files_in(directory.file("run")) == 0);
}

TEST_CASE("garbage in the runtime directory hides no recorder") {
  const TempDirectory directory;
  const std::vector<std::string> runtime{directory.file("run")};
  const auto server = open_server({.recordings = {directory.file("a.csv")}, .runtime_directories = runtime});
  const auto good = read_text(directory.file("run/" + std::to_string(::getpid()) + ".json"));
  write_text(directory.file("run/1.json"), good.substr(0, good.size() / 2));
  write_text(directory.file("run/2.json"),
             R"({"version":1,"pid":2,"started_wall_ns":0,"recordings":[1],"sockets":[]})");
  write_text(directory.file("run/3.json"), R"({"version":9,"pid":3,"started_wall_ns":0,"recordings":[],"sockets":[]})");
  write_text(directory.file("run/4.json"), std::string(registry_entry_cap_bytes + 1, '['));
  fs::create_directory(directory.file("run/5.json"));
  const auto running = list_running(runtime);
  REQUIRE(running.size() == 1);
  CHECK(running[0].pid == ::getpid());
}

TEST_CASE("without a directory that can be used the entry is an error that names one") {
  const TempDirectory directory;
  const auto none = RegistryEntry::publish({}, {});
  REQUIRE_FALSE(none);
  const std::vector<std::string> unusable{directory.file("missing/run")};
  const auto missing = RegistryEntry::publish(unusable, {});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().path == unusable[0]);
}
