// The clients of a MarkServer: how they come in, speak and leave.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "detail/mark_peer.hpp"
#include "tidemark/record/mark_server.hpp"

namespace tidemark::record {
namespace {

constexpr std::size_t chunk_bytes = 16 * 1024;

}  // namespace

MarkServer::Client* MarkServer::client_of(int fd) {
  const auto found = std::find_if(clients_.begin(), clients_.end(), [fd](const auto& client) {
    return client->socket.get() == fd || client->deadline.get() == fd;
  });
  return found == clients_.end() ? nullptr : found->get();
}

/// A full house or a lack of descriptors ends it until listen_again(): an unanswered listener would keep poll_fd()
/// readable.
void MarkServer::accept_from(int listener) {
  const bool is_ours =
      std::any_of(listeners_.begin(), listeners_.end(), [listener](const auto& own) { return own.fd() == listener; });
  if (!is_ours) return;  // an event of a client that was dropped a moment ago
  for (std::size_t accepted = 0; accepted < mark_clients_cap && clients_.size() < mark_clients_cap; ++accepted) {
    base::Fd socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.is_open() && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (!socket.is_open() && errno == EAGAIN) return;
    if (!socket.is_open() || !admit(std::move(socket))) return stop_listening();
  }
  if (clients_.size() == mark_clients_cap) stop_listening();
}

/// An error when the process lacks something that the next client would lack too.
base::Result<void> MarkServer::admit(base::Fd socket) {
  if (!detail::is_trusted_peer(socket.get())) {
    detail::refuse(socket.get(), "only the recorder's own user and root may mark");
    return {};
  }
  auto deadline = detail::make_deadline(idle_timeout_ns_);
  if (!deadline) return base::fail(std::move(deadline).error());
  if (auto watched = watch(socket.get()); !watched) return watched;
  if (auto watched = watch(deadline->get()); !watched) return watched;
  clients_.push_back(std::make_unique<Client>(Client{.socket = std::move(socket), .deadline = std::move(*deadline)}));
  return {};
}

std::optional<model::Mark> MarkServer::read_from(Client& client) {
  std::array<char, chunk_bytes> chunk{};
  for (std::size_t reads = 0; reads < mark_reads_cap; ++reads) {
    const ssize_t got = ::recv(client.socket.get(), chunk.data(), chunk.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
    if (got <= 0) {
      drop(client);  // it left before its line ended
      return std::nullopt;
    }
    const std::string_view news(chunk.data(), static_cast<std::size_t>(got));
    const auto end = news.find('\n');
    client.request += news.substr(0, end);
    if (end != std::string_view::npos) return finish_request(client);
    if (client.request.size() > mark_request_cap_bytes) {
      detail::refuse(client.socket.get(), "the request is too long");
      drop(client);
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<model::Mark> MarkServer::finish_request(Client& client) {
  auto mark = decode_mark_request(client.request);
  if (!mark) {
    detail::refuse(client.socket.get(), mark.error().detail);
    drop(client);
    return std::nullopt;
  }
  // From here on it only waits: neither its time nor what else it says matters.
  unwatch(client.socket.get());
  unwatch(client.deadline.get());
  client.deadline.reset();
  client.request = {};
  client.is_taken = true;
  return std::move(*mark);
}

void MarkServer::expire(const Client& client) {
  std::uint64_t expirations = 0;
  // Asked of the timer itself: the event may be of an earlier client's, whose number this one has inherited.
  if (::read(client.deadline.get(), &expirations, sizeof expirations) != sizeof expirations) return;
  detail::refuse(client.socket.get(), "the request was not complete in time");
  drop(client);
}

void MarkServer::drop(const Client& client) {
  unwatch(client.socket.get());
  unwatch(client.deadline.get());
  std::erase_if(clients_, [&](const auto& own) { return own.get() == &client; });
  listen_again();
}

void MarkServer::stop_listening() {
  for (const auto& listener : listeners_) unwatch(listener.fd());
  is_paused_ = true;
}

void MarkServer::listen_again() {
  if (!is_paused_ || clients_.size() == mark_clients_cap) return;
  bool all_watched = true;
  for (const auto& listener : listeners_) all_watched = watch(listener.fd()).has_value() && all_watched;
  is_paused_ = !all_watched;
}

base::Result<void> MarkServer::watch(int fd) const {
  epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST) return {};
  return base::fail(base::os_error("listen for marks", errno));
}

/// By name, not by closing: a child between fork and exec may hold a copy, which would keep the events coming.
void MarkServer::unwatch(int fd) const {
  if (fd >= 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

}  // namespace tidemark::record
