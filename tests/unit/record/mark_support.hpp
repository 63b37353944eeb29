// What the tests of marks share: raw clients, a recorder that answers, and one that was killed.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "support.hpp"
#include "tidemark/record/mark_client.hpp"
#include "tidemark/record/mark_server.hpp"
#include "tidemark/record/mark_socket.hpp"

namespace tidemark::record::test {

inline constexpr std::int64_t patience_ns = 30 * base::ns_per_second;  // only a hang is longer
inline constexpr int patience_ms = 30'000;

inline bool is_readable(int fd, int timeout_ms) {
  pollfd watched{fd, POLLIN, 0};
  return ::poll(&watched, 1, timeout_ms) == 1;
}

inline MarkServer open_server(const MarkServerOptions& options) {
  auto server = MarkServer::open(options);
  REQUIRE_MESSAGE(server.has_value(), base::describe(server.error()));
  return std::move(*server);
}

/// Serves as the recorder's loop does, until `count` marks have come; they are not acknowledged.
inline std::vector<model::Mark> take_marks(MarkServer& server, std::size_t count) {
  std::vector<model::Mark> marks;
  while (marks.size() < count) {
    REQUIRE(is_readable(server.poll_fd(), patience_ms));
    for (auto& mark : server.take()) marks.push_back(std::move(mark));
  }
  return marks;
}

/// A client that says what it likes.
class RawClient {
 public:
  explicit RawClient(const std::string& path) {
    auto socket = connect_socket(path, patience_ns);
    REQUIRE_MESSAGE(socket.has_value(), base::describe(socket.error()));
    socket_ = std::move(*socket);
  }
  /// False when the server has hung up or the socket is full.
  bool say(std::string_view text) const {
    return ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
           static_cast<ssize_t>(text.size());
  }
  [[nodiscard]] bool has_news() const { return is_readable(socket_.get(), 0); }
  /// All until the end of the stream.
  [[nodiscard]] std::string hear() const {
    std::string text;
    std::array<char, 4096> chunk{};
    while (true) {
      REQUIRE(is_readable(socket_.get(), patience_ms));
      const ssize_t got = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
      if (got <= 0) return text;
      text.append(chunk.data(), static_cast<std::size_t>(got));
    }
  }
  [[nodiscard]] MarkReply reply() const {
    auto text = hear();
    REQUIRE(text.ends_with('\n'));
    text.pop_back();
    auto reply = decode_mark_reply(text);
    REQUIRE(reply);
    return *reply;
  }

 private:
  base::Fd socket_;
};

/// Serves until `client` is answered or dropped; no mark may come of it.
inline void serve_until_news(MarkServer& server, const RawClient& client) {
  while (!client.has_news()) {
    REQUIRE(is_readable(server.poll_fd(), patience_ms));
    CHECK(server.take().empty());
  }
}

/// Runs `body` in a child that ends as by SIGKILL: no destructor runs. Its pid.
template <class Body>
pid_t run_and_kill(Body body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto kept = body();
    ::_exit(kept ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  return child;
}

/// A recorder with one output in a directory of its own.
struct OneOutput {
  TempDirectory directory;
  std::string recording = directory.file("a.csv");
  std::string socket = recording + ".sock";
  std::vector<std::string> runtime{directory.file("run")};
  MarkServer server = open_server(options());

  [[nodiscard]] MarkServerOptions options() const {
    return {.recordings = {recording},
            .runtime_directories = runtime,
            .started_wall_ns = 0,
            .idle_timeout_ns = patience_ns};
  }
};

inline const base::SystemClock real_clock;

inline std::future<base::Result<MarkReply>> send_in_background(std::string socket, std::string label) {
  return std::async(std::launch::async, [socket = std::move(socket), label = std::move(label)] {
    return send_mark(socket, {.label = label, .fields = {}}, patience_ns, real_clock);
  });
}

inline const std::string request_line = encode_mark_request({.label = "raw", .fields = {}});

}  // namespace tidemark::record::test
