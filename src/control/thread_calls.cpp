#include "detail/thread_calls.hpp"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace tidemark::control::detail {
namespace {

// linux/ptrace.h cannot be included beside sys/ptrace.h.
constexpr unsigned get_signal_mask = 0x420a, set_signal_mask = 0x420b, get_filter = 0x420c, get_rseq = 0x420f;

long trace(unsigned request, base::Tid tid, std::uint64_t address, const void* data) {
  return ::ptrace(static_cast<__ptrace_request>(request), tid, reinterpret_cast<void*>(address),
                  const_cast<void*>(data));  // ptrace(2) takes both ways through it
}

bool is_whole(ssize_t got, std::size_t wanted) { return got >= 0 && static_cast<std::size_t>(got) == wanted; }

}  // namespace

bool read_registers(base::Tid tid, user_regs_struct& into) { return trace(PTRACE_GETREGS, tid, 0, &into) == 0; }
bool write_registers(base::Tid tid, const user_regs_struct& from) { return trace(PTRACE_SETREGS, tid, 0, &from) == 0; }
bool write_signal_mask(base::Tid tid, std::uint64_t mask) {
  return trace(set_signal_mask, tid, sizeof mask, &mask) == 0;
}

bool read_thread_state(base::Tid tid, ThreadState& into) {
  iovec xstate{into.xstate.data(), into.xstate.size()};
  if (!read_registers(tid, into.registers)) return false;
  if (trace(get_signal_mask, tid, sizeof into.signal_mask, &into.signal_mask) != 0) return false;
  if (trace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &xstate) != 0) return false;
  into.xstate_bytes = xstate.iov_len;
  return true;
}

bool read_memory(base::Tid tid, std::uint64_t from, std::span<std::byte> into) {
  const iovec local{into.data(), into.size()}, remote{reinterpret_cast<void*>(from), into.size()};
  return is_whole(::process_vm_readv(tid, &local, 1, &remote, 1, 0), into.size());
}

bool write_below_stack(base::Tid tid, std::uint64_t to, std::span<const std::byte> from) {
  const iovec local{const_cast<std::byte*>(from.data()), from.size()}, remote{reinterpret_cast<void*>(to), from.size()};
  return is_whole(::process_vm_writev(tid, &local, 1, &remote, 1, 0), from.size());
}

bool is_in_restartable_sequence(base::Tid tid, std::uint64_t instruction) {
  struct {
    std::uint64_t area;
    std::uint32_t size, signature, flags, padding;
  } configuration{};                            // struct ptrace_rseq_configuration
  constexpr std::uint64_t sequence_offset = 8;  // struct rseq
  if (trace(get_rseq, tid, sizeof configuration, &configuration) < 0 || configuration.area == 0) return false;
  std::uint64_t sequence = 0;
  if (!read_memory(tid, configuration.area + sequence_offset, std::as_writable_bytes(std::span(&sequence, 1)))) {
    return true;
  }
  if (sequence == 0) return false;
  std::array<std::uint64_t, 4> words{};  // struct rseq_cs: version and flags, start, length, where to begin anew
  if (!read_memory(tid, sequence, std::as_writable_bytes(std::span(words)))) return true;
  return instruction - words[1] < words[2];
}

bool trace_calls(base::Tid tid) {
  return ::ptrace(PTRACE_SETOPTIONS, tid, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE) == 0;
}

void go_to_next_call_stop(base::Tid tid, int signal) { ::ptrace(PTRACE_SYSCALL, tid, nullptr, signal); }

base::Pid event_pid(base::Tid tid) {
  unsigned long message = 0;
  return trace(PTRACE_GETEVENTMSG, tid, 0, &message) == 0 ? static_cast<base::Pid>(message) : 0;
}

bool tie_to_us(base::Pid clone) { return ::ptrace(PTRACE_SETOPTIONS, clone, nullptr, PTRACE_O_EXITKILL) == 0; }

int seccomp_filter(base::Tid tid, unsigned index, std::span<sock_filter> into) {
  // The kernel asks nobody how much room there is (kernel/seccomp.c, seccomp_get_filter).
  const long count = trace(get_filter, tid, index, nullptr);
  if (count < 0) return -errno;
  if (static_cast<std::size_t>(count) > into.size()) return -E2BIG;
  if (trace(get_filter, tid, index, into.data()) != count) return -errno;
  return static_cast<int>(count);
}

}  // namespace tidemark::control::detail
