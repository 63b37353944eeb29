#include "tidemark/collect/fork_counter.hpp"

#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace tidemark::collect {
namespace {

// include/linux/proc_ns.h, PROC_PID_INIT_INO: the inode of the first pid namespace (the same since Linux 3.8).
constexpr ino_t initial_pid_namespace_inode = 0xEFFFFFFC;
constexpr int receive_buffer_bytes = 1 << 20;
constexpr std::size_t event_offset = sizeof(nlmsghdr) + sizeof(cn_msg);
constexpr std::size_t largest_datagram_bytes = 4096;

bool in_initial_pid_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == initial_pid_namespace_inode;
}

/// Asks the kernel to send events to this socket (PROC_CN_MCAST_LISTEN).
bool subscribe(int socket) {
  std::array<std::byte, event_offset + sizeof(proc_cn_mcast_op)> message{};
  nlmsghdr netlink{};
  netlink.nlmsg_len = message.size();
  netlink.nlmsg_type = NLMSG_DONE;
  netlink.nlmsg_pid = static_cast<__u32>(::getpid());
  cn_msg connector{};
  connector.id.idx = CN_IDX_PROC;
  connector.id.val = CN_VAL_PROC;
  connector.len = sizeof(proc_cn_mcast_op);
  const proc_cn_mcast_op operation = PROC_CN_MCAST_LISTEN;
  std::memcpy(message.data(), &netlink, sizeof netlink);
  std::memcpy(message.data() + sizeof netlink, &connector, sizeof connector);
  std::memcpy(message.data() + event_offset, &operation, sizeof operation);
  return ::send(socket, message.data(), message.size(), 0) == static_cast<ssize_t>(message.size());
}

}  // namespace

ProcessEvent decode_process_event(std::span<const std::byte> datagram) {
  // The union of proc_event grew over the releases; only its first 32 bytes are needed, and they never moved.
  constexpr std::size_t head_bytes = offsetof(proc_event, event_data) + 4 * sizeof(__u32);
  if (datagram.size() < event_offset + head_bytes) return {};
  std::array<__u32, 4> words{};
  __u32 what = 0;
  std::memcpy(&what, datagram.data() + event_offset + offsetof(proc_event, what), sizeof what);
  std::memcpy(words.data(), datagram.data() + event_offset + offsetof(proc_event, event_data), sizeof words);
  // fork: parent_pid, parent_tgid, child_pid, child_tgid; exit: process_pid, process_tgid, …
  const auto parent_process = static_cast<base::Pid>(words[1]);
  if (what == proc_event::PROC_EVENT_FORK && words[2] == words[3]) {
    return {ProcessEvent::Kind::forked, static_cast<base::Pid>(words[3]), parent_process};
  }
  if (what == proc_event::PROC_EVENT_EXIT && words[0] == words[1]) {
    return {ProcessEvent::Kind::exited, static_cast<base::Pid>(words[1]), 0};
  }
  return {};
}

void ShortLivedBooks::apply(const ProcessEvent& event, const std::function<bool(base::Pid)>& is_tracked) {
  if (event.kind == ProcessEvent::Kind::forked) {
    if (!is_tracked(event.parent) && !pending_.contains(event.parent)) return;
    if (is_tracked(event.process)) return;  // the last tick found it before its event was taken in
    if (pending_.size() >= most_pending) {
      overflowed_ = true;
      return;
    }
    pending_.insert(event.process);
  } else if (event.kind == ProcessEvent::Kind::exited) {
    count_ += pending_.erase(event.process);
  }
}

ForkCounter ForkCounter::open() {
  ForkCounter counter;
  if (!in_initial_pid_namespace()) {
    counter.refusal_ = "fork events name pids of the first pid namespace, and this is another one";
    return counter;
  }
  base::Fd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_CONNECTOR));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  const bool bound =
      socket.is_open() && ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (!bound || !subscribe(socket.get())) {
    counter.refusal_ = "the fork events of this kernel need CAP_NET_ADMIN";
    return counter;
  }
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  counter.socket_ = std::move(socket);
  return counter;
}

void ForkCounter::drain(const std::function<bool(base::Pid)>& is_tracked) {
  if (!is_listening()) return;
  std::array<std::byte, largest_datagram_bytes> datagram;
  while (true) {
    sockaddr_nl from{};
    socklen_t from_bytes = sizeof from;
    const ssize_t got = ::recvfrom(socket_.get(), datagram.data(), datagram.size(), MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&from), &from_bytes);
    if (got < 0 && errno == ENOBUFS) {
      lost_events_ = true;
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    if (from.nl_pid != 0) continue;  // only the kernel is believed
    books_.apply(decode_process_event(std::span(datagram).first(static_cast<std::size_t>(got))), is_tracked);
  }
}

std::string ForkCounter::note() const {
  if (!is_listening()) return "a lower bound: " + refusal_;
  if (lost_events_ || books_.overflowed())
    return "a lower bound: the kernel sent more fork events than could be taken in";
  return {};
}

}  // namespace tidemark::collect
