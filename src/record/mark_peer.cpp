#include "detail/mark_peer.hpp"

#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>

#include "tidemark/base/clock.hpp"

namespace tidemark::record::detail {

base::Result<base::Fd> make_deadline(std::int64_t after_ns) {
  itimerspec when{};
  when.it_value.tv_sec = after_ns / base::ns_per_second;
  when.it_value.tv_nsec = after_ns % base::ns_per_second;
  if (after_ns <= 0) when.it_value.tv_nsec = 1;  // zero would disarm it
  base::Fd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer.is_open() || ::timerfd_settime(timer.get(), 0, &when, nullptr) != 0) {
    return base::fail(base::os_error("set a client's deadline", errno));
  }
  return timer;
}

bool is_trusted_peer(int socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

void answer(int socket, const MarkReply& reply) {
  const std::string line = encode_mark_reply(reply);
  [[maybe_unused]] const ssize_t ignored = ::send(socket, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void refuse(int socket, std::string why) {
  answer(socket, {.outcome = MarkOutcome::refused, .elapsed_ns = 0, .text = std::move(why)});
}

}  // namespace tidemark::record::detail
