#include "tidemark/record/mark_server.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "mark_support.hpp"
#include "support.hpp"

using namespace tidemark;
using namespace tidemark::record;
using namespace tidemark::record::test;
namespace fs = std::filesystem;

TEST_CASE("a client is answered when the recorder has written, not before") {
  OneOutput fixture;
  auto reply = std::async(std::launch::async, [&] {
    return send_mark(fixture.socket, {.label = "load test", .fields = {{"users", "5"}}}, patience_ns, real_clock);
  });
  const auto marks = take_marks(fixture.server, 1);
  CHECK(marks[0].label == "load test");
  CHECK(marks[0].fields == decltype(marks[0].fields){{"users", "5"}});
  CHECK_FALSE(is_readable(fixture.server.poll_fd(), 0));  // it waits, and keeps nobody awake
  fixture.server.acknowledge(true, "", 12'300'000'000);
  const auto heard = reply.get();
  REQUIRE(heard);
  CHECK(heard->outcome == MarkOutcome::written);
  CHECK(heard->elapsed_ns == 12'300'000'000);
}

TEST_CASE("a mark that could not be written is answered with the reason") {
  OneOutput fixture;
  auto reply = send_in_background(fixture.socket, "x");
  take_marks(fixture.server, 1);
  fixture.server.acknowledge(false, "No space left on device", 0);
  const auto heard = reply.get();
  REQUIRE(heard);
  CHECK(heard->outcome == MarkOutcome::failed);
  CHECK(heard->text == "No space left on device");
}

TEST_CASE("two clients at once both get their phase") {
  OneOutput fixture;
  auto first = send_in_background(fixture.socket, "first");
  auto second = send_in_background(fixture.socket, "second");
  const auto marks = take_marks(fixture.server, 2);
  std::vector<std::string> labels{marks[0].label, marks[1].label};
  std::sort(labels.begin(), labels.end());
  CHECK(labels == std::vector<std::string>{"first", "second"});
  fixture.server.acknowledge(true, "", 1);
  CHECK(first.get().has_value());
  CHECK(second.get().has_value());
}

TEST_CASE("a mark that comes while another is being written waits for its own acknowledgement") {
  OneOutput fixture;
  const RawClient first(fixture.socket);
  CHECK(first.say(request_line));
  take_marks(fixture.server, 1);
  const RawClient second(fixture.socket);
  CHECK(second.say(request_line));
  fixture.server.acknowledge(true, "", 1);
  CHECK(first.reply().outcome == MarkOutcome::written);
  CHECK_FALSE(second.has_news());
  take_marks(fixture.server, 1);
  fixture.server.acknowledge(true, "", 2);
  CHECK(second.reply().elapsed_ns == 2);
}

TEST_CASE("a request may come byte by byte") {
  OneOutput fixture;
  const RawClient client(fixture.socket);
  for (const char byte : request_line.substr(0, request_line.size() - 1)) {
    CHECK(client.say({&byte, 1}));
    CHECK(fixture.server.take().empty());
  }
  CHECK(client.say("\n"));
  CHECK(take_marks(fixture.server, 1)[0].label == "raw");
}

TEST_CASE("garbage is refused with the reason, and harms nobody else") {
  OneOutput fixture;
  const RawClient garbled(fixture.socket), empty_label(fixture.socket), good(fixture.socket);
  CHECK(garbled.say("GET / HTTP/1.1\r\n\r\n"));
  CHECK(empty_label.say("{\"version\":1,\"label\":\"\"}\n"));
  CHECK(good.say(request_line));
  take_marks(fixture.server, 1);
  fixture.server.acknowledge(true, "", 1);
  CHECK(garbled.reply().outcome == MarkOutcome::refused);
  CHECK(empty_label.reply().text == "the label is empty");
  CHECK(good.reply().outcome == MarkOutcome::written);
}

TEST_CASE("a client that leaves early, cut or after its request, is nobody's problem") {
  OneOutput fixture;
  { const RawClient silent(fixture.socket); }
  {
    const RawClient cut(fixture.socket);
    CHECK(cut.say(request_line.substr(0, 10)));
  }
  {
    const RawClient impatient(fixture.socket);
    CHECK(impatient.say(request_line));
  }
  take_marks(fixture.server, 1);
  fixture.server.acknowledge(true, "", 1);
  while (is_readable(fixture.server.poll_fd(), 0)) CHECK(fixture.server.take().empty());
  const RawClient next(fixture.socket);
  CHECK(next.say(request_line));
  take_marks(fixture.server, 1);
}

TEST_CASE("an endless request is cut off at its cap") {
  OneOutput fixture;
  const RawClient flood(fixture.socket);
  const std::string chunk(8 * 1024, 'x');
  std::size_t sent_bytes = 0;
  while (!flood.has_news()) {
    while (flood.say(chunk)) sent_bytes += chunk.size();
    if (is_readable(fixture.server.poll_fd(), 0)) CHECK(fixture.server.take().empty());
  }
  CHECK(sent_bytes > mark_request_cap_bytes);
  CHECK(flood.hear().find("too long") != std::string::npos);
}

TEST_CASE("an idle client is dropped at its deadline without any tick") {
  const TempDirectory directory;
  auto server = open_server({.recordings = {directory.file("a.csv")},
                             .runtime_directories = {directory.file("run")},
                             .started_wall_ns = 0,
                             .idle_timeout_ns = 20 * base::ns_per_ms});
  const RawClient silent(directory.file("a.csv.sock")), slow(directory.file("a.csv.sock"));
  CHECK(slow.say(request_line.substr(0, 5)));
  serve_until_news(server, silent);
  serve_until_news(server, slow);
  CHECK(silent.reply().text.find("in time") != std::string::npos);
  CHECK(slow.reply().outcome == MarkOutcome::refused);
}

TEST_CASE("more clients than places: the recorder rests, and the next comes in when one goes") {
  OneOutput fixture;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < mark_clients_cap; ++i) clients.push_back(std::make_unique<RawClient>(fixture.socket));
  CHECK(fixture.server.take().empty());
  const RawClient late(fixture.socket);
  CHECK(late.say(request_line));
  CHECK(fixture.server.take().empty());
  CHECK_FALSE(
      is_readable(fixture.server.poll_fd(), 0));  // a listener that nobody may answer must not spin the recorder
  clients.pop_back();
  CHECK(take_marks(fixture.server, 1)[0].label == "raw");
  fixture.server.acknowledge(true, "", 1);
  CHECK(late.reply().outcome == MarkOutcome::written);
}

TEST_CASE("places taken by clients that wait for the recorder are free again after it answered") {
  OneOutput fixture;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (std::size_t i = 0; i < mark_clients_cap; ++i) {
    clients.push_back(std::make_unique<RawClient>(fixture.socket));
    CHECK(clients.back()->say(request_line));
  }
  take_marks(fixture.server, mark_clients_cap);
  const RawClient late(fixture.socket);
  CHECK(late.say(request_line));
  CHECK(fixture.server.take().empty());
  fixture.server.acknowledge(true, "", 1);
  take_marks(fixture.server, 1);
  for (const auto& client : clients) CHECK(client->reply().outcome == MarkOutcome::written);
}

TEST_CASE("out of descriptors: the recorder rests, and serves again at a later tick") {
  OneOutput fixture;
  const RawClient client(fixture.socket);
  CHECK(client.say(request_line));
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const rlimit none_left{.rlim_cur = 3, .rlim_max = usual.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_left) == 0);
  CHECK(fixture.server.take().empty());
  const bool spins = is_readable(fixture.server.poll_fd(), 0);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  CHECK_FALSE(spins);
  auto marks = fixture.server.take();  // a tick: it listens again
  if (marks.empty()) marks = take_marks(fixture.server, 1);
  CHECK(marks[0].label == "raw");
}

TEST_CASE("a recorder that does not answer costs the client its timeout") {
  OneOutput fixture;
  const auto reply = send_mark(fixture.socket, {.label = "x", .fields = {}}, 30 * base::ns_per_ms, real_clock);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == base::ErrorCode::busy);
}

TEST_CASE("a client that meets nobody says so") {
  const TempDirectory directory;
  const auto missing = send_mark(directory.file("a.sock"), {.label = "x", .fields = {}}, patience_ns, real_clock);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == base::ErrorCode::not_found);
}

TEST_CASE("another user is not heard") {
  if (::geteuid() != 0) return;  // only root can be two users
  OneOutput fixture;
  fs::permissions(fixture.directory.path(), fs::perms::all);
  REQUIRE(::chmod(fixture.socket.c_str(), 0666) == 0);  // so that the kernel lets it in
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::setuid(12345) != 0) ::_exit(2);
    const auto reply = send_mark(fixture.socket, {.label = "x", .fields = {}}, patience_ns, real_clock);
    ::_exit(reply && reply->outcome == MarkOutcome::refused ? 0 : 1);
  }
  REQUIRE(is_readable(fixture.server.poll_fd(), patience_ms));
  CHECK(fixture.server.take().empty());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
