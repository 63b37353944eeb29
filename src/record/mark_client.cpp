#include "tidemark/record/mark_client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "tidemark/record/mark_socket.hpp"

namespace tidemark::record {
namespace {

constexpr const char* asking = "ask the recorder for a mark";

base::Unexpected no_answer(const std::string& path, base::ErrorCode code, std::string detail) {
  return base::fail(base::Error{.code = code, .doing = asking, .path = path, .detail = std::move(detail)});
}

/// A recorder that refused while we were still sending has left its reason to read, so a broken pipe is no error here.
base::Result<void> send_request(int socket, std::string_view line, const std::string& path) {
  while (!line.empty()) {
    const ssize_t sent = ::send(socket, line.data(), line.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      line.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      break;
    } else if (errno == EAGAIN) {
      return no_answer(path, base::ErrorCode::busy, "it took no request in time");
    } else if (errno != EINTR) {
      return base::fail(base::os_error(asking, errno, path));
    }
  }
  return {};
}

/// False when the deadline came first.
bool wait_readable(int socket, std::int64_t deadline_ns, const base::Clock& clock) {
  while (true) {
    const std::int64_t left_ns = deadline_ns - clock.monotonic_ns();
    if (left_ns <= 0) return false;
    constexpr std::int64_t longest_wait_ms = 60'000;  // keeps the int small; the loop goes on
    const auto wait_ms = std::min(left_ns / base::ns_per_ms + 1, longest_wait_ms);
    pollfd watched{socket, POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(wait_ms)) > 0) return true;
  }
}

base::Result<MarkReply> receive_reply(int socket, const std::string& path, std::int64_t deadline_ns,
                                      const base::Clock& clock) {
  std::string line;
  std::array<char, 1024> chunk{};
  while (line.size() <= mark_reply_cap_bytes) {
    if (!wait_readable(socket, deadline_ns, clock)) {
      return no_answer(path, base::ErrorCode::busy, "it gave no answer in time");
    }
    const ssize_t got = ::recv(socket, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0 && errno != ECONNRESET) return base::fail(base::os_error(asking, errno, path));
    if (got <= 0) return no_answer(path, base::ErrorCode::closed, "the recording ended before it answered");
    line.append(chunk.data(), static_cast<std::size_t>(got));
    if (const auto end = line.find('\n'); end != std::string::npos) return decode_mark_reply(line.substr(0, end));
  }
  return no_answer(path, base::ErrorCode::malformed, "its answer is too long");
}

}  // namespace

base::Result<MarkReply> send_mark(const std::string& socket_path, const model::Mark& mark, std::int64_t timeout_ns,
                                  const base::Clock& clock) {
  const std::int64_t deadline_ns = clock.monotonic_ns() + timeout_ns;
  // The same limit holds for each send: the socket keeps it.
  const auto socket = connect_socket(socket_path, std::max<std::int64_t>(timeout_ns, 1));
  if (!socket) return base::fail(socket.error());
  if (auto sent = send_request(socket->get(), encode_mark_request(mark), socket_path); !sent) {
    return base::fail(std::move(sent).error());
  }
  return receive_reply(socket->get(), socket_path, deadline_ns, clock);
}

base::Result<std::string> find_socket(const std::string& recording, std::span<const std::string> runtime_directories) {
  if (socket_is_live(recording)) return recording;
  if (const std::string beside = recording + ".sock"; socket_is_live(beside)) return beside;
  std::error_code failed;
  const auto real = std::filesystem::weakly_canonical(recording, failed);
  if (const std::string beside = real.string() + ".sock"; !failed && socket_is_live(beside)) return beside;
  const std::string absolute = std::filesystem::absolute(recording, failed).lexically_normal().string();
  for (const auto& running : list_running(runtime_directories)) {
    if (std::find(running.recordings.begin(), running.recordings.end(), absolute) == running.recordings.end()) continue;
    const auto live = std::find_if(running.sockets.begin(), running.sockets.end(), socket_is_live);
    if (live != running.sockets.end()) return *live;
  }
  return base::fail(base::Error{.code = base::ErrorCode::not_found,
                                .doing = "find the recorder",
                                .path = recording,
                                .detail = "nobody records there"});
}

}  // namespace tidemark::record
