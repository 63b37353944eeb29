#include "tidemark/record/mark_server.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "detail/mark_peer.hpp"

namespace tidemark::record {
namespace {

constexpr const char* standard_output = "-";
constexpr const char* serving = "listen for marks";
constexpr int events_cap =
    64;  // 16 clients with a timer each, and the listeners of a recorder; the rest comes next time

/// Standard output has no name, and nothing is to be made beside /dev/null or a named pipe.
bool is_regular_file(const std::string& recording) {
  std::error_code failed;
  const auto status = std::filesystem::status(recording, failed);
  return recording != standard_output && (status.type() == std::filesystem::file_type::not_found ||
                                          status.type() == std::filesystem::file_type::regular);
}

}  // namespace

base::Result<MarkServer> MarkServer::open(const MarkServerOptions& options) {
  MarkServer server;
  server.idle_timeout_ns_ = options.idle_timeout_ns;
  server.epoll_ = base::Fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!server.epoll_.is_open()) return base::fail(base::os_error(serving, errno));
  server.open_sockets(options);
  if (server.listeners_.empty()) return base::fail(server.problems_.front());
  for (const auto& listener : server.listeners_) {
    if (auto watched = server.watch(listener.fd()); !watched) return base::fail(std::move(watched).error());
  }
  server.publish(options);
  return server;
}

void MarkServer::open_sockets(const MarkServerOptions& options) {
  const auto keep = [this](base::Result<ListeningSocket> socket) {
    if (socket) {
      listeners_.push_back(std::move(*socket));
    } else {
      problems_.push_back(std::move(socket).error());
    }
  };
  for (const auto& recording : options.recordings) {
    if (is_regular_file(recording)) keep(ListeningSocket::open(recording + ".sock"));
  }
  for (const auto& path : options.runtime_directories) {
    if (!listeners_.empty()) return;
    const auto usable = open_runtime_directory(path, true);
    keep(usable ? ListeningSocket::open(path + '/' + std::to_string(::getpid()) + ".sock")
                : base::Result<ListeningSocket>(base::fail(usable.error())));
  }
  if (listeners_.empty() && problems_.empty()) {
    problems_.push_back(
        {.code = base::ErrorCode::not_found, .doing = serving, .detail = "there is no runtime directory"});
  }
}

void MarkServer::publish(const MarkServerOptions& options) {
  RunningRecording own{.pid = ::getpid(), .started_wall_ns = options.started_wall_ns, .recordings = {}, .sockets = {}};
  for (const auto& recording : options.recordings) {
    std::error_code failed;
    const auto absolute = std::filesystem::absolute(recording, failed).lexically_normal().string();
    own.recordings.push_back(failed || recording == standard_output ? recording : absolute);
  }
  for (const auto& listener : listeners_) own.sockets.push_back(listener.path());
  auto entry = RegistryEntry::publish(options.runtime_directories, own);
  if (entry) {
    entry_.push_back(std::move(*entry));
  } else {
    problems_.push_back(std::move(entry).error());
  }
}

std::vector<model::Mark> MarkServer::take() {
  std::array<epoll_event, events_cap> events{};
  const int ready = ::epoll_wait(epoll_.get(), events.data(), events_cap, 0);
  listen_again();
  std::vector<model::Mark> marks;
  for (int i = 0; i < ready; ++i) {
    const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
    Client* client = client_of(fd);
    if (client == nullptr) {
      accept_from(fd);
    } else if (client->is_taken) {
      continue;  // an event that is older than its mark
    } else if (fd == client->deadline.get()) {
      expire(*client);
    } else if (auto mark = read_from(*client)) {
      marks.push_back(std::move(*mark));
    }
  }
  return marks;
}

void MarkServer::acknowledge(bool written, std::string_view text, std::int64_t elapsed_ns) {
  const MarkReply reply{.outcome = written ? MarkOutcome::written : MarkOutcome::failed,
                        .elapsed_ns = elapsed_ns,
                        .text = std::string(text)};
  std::erase_if(clients_, [&](const auto& client) {
    if (client->is_taken) detail::answer(client->socket.get(), reply);
    return client->is_taken;
  });
  listen_again();
}

}  // namespace tidemark::record
