// How a recorder is found: its sockets, its entry, and what is missing when it has neither.
#include <doctest/doctest.h>

#include <filesystem>

#include "mark_support.hpp"
#include "support.hpp"
#include "tidemark/record/mark_server.hpp"

using namespace tidemark;
using namespace tidemark::record;
using namespace tidemark::record::test;
namespace fs = std::filesystem;

TEST_CASE("a recording that ends leaves its clients an end, and no files") {
  const TempDirectory directory;
  const auto recording = directory.file("a.csv");
  std::future<base::Result<MarkReply>> reply;
  {
    auto server = open_server({.recordings = {recording}, .runtime_directories = {directory.file("run")}});
    reply = send_in_background(recording + ".sock", "x");
    take_marks(server, 1);
  }
  const auto heard = reply.get();
  REQUIRE_FALSE(heard);
  CHECK(heard.error().code == base::ErrorCode::closed);
  CHECK_FALSE(fs::exists(recording + ".sock"));
  CHECK(fs::is_empty(directory.file("run")));
}

TEST_CASE("each output has a socket, all lead to the same recorder, and one finds them by any name of the file") {
  const TempDirectory directory;
  write_text(directory.file("a.csv"), "");
  fs::create_symlink("a.csv", directory.file("latest.csv"));
  const std::vector<std::string> runtime{directory.file("run")};
  auto server = open_server(
      {.recordings = {directory.file("a.csv"), directory.file("a.jsonl"), "-"}, .runtime_directories = runtime});
  CHECK(server.problems().empty());
  for (const char* name : {"a.csv", "a.jsonl", "latest.csv"}) {
    CAPTURE(name);
    const auto socket = find_socket(directory.file(name), runtime);
    REQUIRE(socket);
    auto reply = send_in_background(*socket, name);
    CHECK(take_marks(server, 1)[0].label == name);
    server.acknowledge(true, "", 1);
    CHECK(reply.get().has_value());
  }
  const auto other = find_socket(directory.file("b.csv"), runtime);
  REQUIRE_FALSE(other);
  CHECK(other.error().code == base::ErrorCode::not_found);
}

TEST_CASE("a recording without a place beside it has its socket in the runtime directory") {
  const TempDirectory directory;
  const std::vector<std::string> runtime{directory.file("run")};
  const std::string no_room = directory.file(std::string(255, 'n'));  // no room for .sock
  for (const std::string& recording : {std::string("-"), std::string("/dev/null"), no_room}) {
    CAPTURE(recording);
    const auto server = open_server({.recordings = {recording}, .runtime_directories = runtime});
    const auto own = directory.file("run/" + std::to_string(::getpid()) + ".sock");
    CHECK(socket_is_live(own));
    CHECK(server.problems().size() == (recording == no_room ? 1 : 0));
    CHECK(find_socket(own, {}).value() == own);
    if (recording != "-") CHECK(find_socket(recording, runtime).value() == own);
    const auto running = list_running(runtime);
    REQUIRE(running.size() == 1);
    CHECK(running[0].recordings == std::vector<std::string>{recording});
  }
}

TEST_CASE("no socket at all is an error, no entry only a problem") {
  const TempDirectory directory;
  const auto nowhere = MarkServer::open({.recordings = {"-"}, .runtime_directories = {directory.file("missing/run")}});
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().path == directory.file("missing/run"));
  const auto unlisted = open_server({.recordings = {directory.file("a.csv")}, .runtime_directories = {}});
  CHECK(unlisted.problems().size() == 1);
  CHECK(find_socket(directory.file("a.csv"), {}).has_value());
}

TEST_CASE("a second recorder of the same file gets no socket of the first") {
  OneOutput fixture;
  const auto second = open_server(fixture.options());
  CHECK(second.problems().size() == 1);
  CHECK(second.problems()[0].code == base::ErrorCode::busy);
  CHECK(find_socket(fixture.recording, fixture.runtime).value() == fixture.socket);
}
