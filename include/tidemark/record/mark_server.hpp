// Purpose: the recorder's end of `tidemark mark`: a socket beside each recording (FILE.sock, mode 0600) and an entry in
// the user's runtime directory. A recording that can have no socket beside it (standard output, a file system without
// sockets) has one in the runtime directory.
//
// Use: watch poll_fd(); when it is readable, and once at each tick, call take(). For marks that it returns, take a tick
// of the new phase and write it, then acknowledge(). Each take() hands out every complete mark; acknowledge() answers
// the clients of all marks handed out and not yet answered. A recording that ends without it leaves its clients an end
// of file.
//
// Invariants: nothing here blocks or grows with what clients do: at most 16 clients, each with one request of at most
// 64 KiB and a deadline; a client that is silent, slow, garbled or of another user is dropped alone. Only this user and
// root are heard (SO_PEERCRED). The destructor removes the sockets and the entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tidemark/base/clock.hpp"
#include "tidemark/base/fd.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/model/event.hpp"
#include "tidemark/record/mark_protocol.hpp"
#include "tidemark/record/mark_registry.hpp"
#include "tidemark/record/mark_socket.hpp"

namespace tidemark::record {

inline constexpr std::size_t mark_clients_cap = 16;
inline constexpr std::size_t mark_reads_cap = 4;  ///< reads of one client in one take(): a flood waits for the next

struct MarkServerOptions {
  std::vector<std::string> recordings;           ///< output files as the user named them; "-" is standard output
  std::vector<std::string> runtime_directories;  ///< runtime_directories()
  std::int64_t started_wall_ns = 0;
  std::int64_t idle_timeout_ns = 5 * base::ns_per_second;  ///< from connect to the end of the request
};

class MarkServer {
 public:
  /// Fails only when no socket at all could be made (the first problem is the error): the recording goes on without
  /// marks.
  [[nodiscard]] static base::Result<MarkServer> open(const MarkServerOptions& options);

  /// What is missing although the server runs: a socket beside one of the files, the entry. Worth one warning each.
  [[nodiscard]] const std::vector<base::Error>& problems() const { return problems_; }

  /// Readable when take() has something to do. For poll(2) with POLLIN.
  [[nodiscard]] int poll_fd() const { return epoll_.get(); }

  /// Accepts and reads what is there; the marks that are complete, in the order in which they were completed.
  [[nodiscard]] std::vector<model::Mark> take();

  /// Answers the clients of the marks handed out. `elapsed_ns`: of the tick that opens the phase; `text`: why it was
  /// not written.
  void acknowledge(bool written, std::string_view text, std::int64_t elapsed_ns);

 private:
  /// One connection; its deadline is a timer of the kernel, so that an idle client wakes the recorder's poll once.
  struct Client {
    base::Fd socket;
    base::Fd deadline;
    std::string request = {};
    bool is_taken = false;  ///< its mark was handed out; it waits for acknowledge()
  };

  MarkServer() = default;
  void open_sockets(const MarkServerOptions& options);
  void publish(const MarkServerOptions& options);
  [[nodiscard]] base::Result<void> watch(int fd) const;
  void unwatch(int fd) const;
  void stop_listening();
  void listen_again();
  void accept_from(int listener);
  [[nodiscard]] base::Result<void> admit(base::Fd socket);
  [[nodiscard]] Client* client_of(int fd);
  [[nodiscard]] std::optional<model::Mark> read_from(Client& client);
  [[nodiscard]] std::optional<model::Mark> finish_request(Client& client);
  void expire(const Client& client);
  void drop(const Client& client);

  base::Fd epoll_;
  std::vector<ListeningSocket> listeners_;
  std::vector<RegistryEntry> entry_;  ///< none or one
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<base::Error> problems_;
  std::int64_t idle_timeout_ns_ = 0;
  bool is_paused_ = false;  ///< listeners are not watched: all places are taken, or the process is out of descriptors
};

}  // namespace tidemark::record
