// Purpose: the memory of a running process, without stopping it and without changing what it has resident.
// Invariants: a page that /proc/PID/pagemap says is absent or swapped is never touched, because reading it would fault
// it in; such bytes are counted and the error is `absent` (pagemap does not tell an unmapped address from an untouched
// one). Where pagemap is refused nothing is read at all. Nothing is ever written: /proc/PID/mem is opened O_RDONLY. A
// page that a fork shares stays shared.
//
// The kept pagemap descriptor belongs to the address space of the moment it was opened. After the process has exited or
// called execve every read fails with `gone`; a process that lives on wants a new LiveMemory then.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "tidemark/base/fd.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::memory {

/// How the bytes are fetched.
enum class LiveAccess {
  /// process_vm_readv; /proc/PID/mem for a batch with a page that several processes have since a fork, which
  /// process_vm_readv would unshare, and for all once that is refused (EPERM, EACCES, ENOSYS).
  automatic,
  mem_file_only,  ///< /proc/PID/mem from the start
};

class LiveMemory final : public MemorySource {
 public:
  /// `proc_root` is a descriptor of the directory where procfs is mounted; `pid` is as that procfs and we see it.
  /// Errors: `gone`, `permission` (pagemap or the memory is refused).
  [[nodiscard]] static base::Result<std::unique_ptr<LiveMemory>> open(int proc_root, base::Pid pid,
                                                                      LiveAccess access = LiveAccess::automatic);

  [[nodiscard]] base::Result<void> read(base::Address from, std::span<std::byte> into) const override;

  /// One process_vm_readv for up to IOV_MAX requests and one pread of pagemap per neighbourhood of pages; bytes are
  /// copied in the order of the requests.
  void read_many(std::span<ReadRequest> requests) const override;

  /// Bytes of target memory copied so far.
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }
  /// Bytes asked for and not read because a page of theirs was not resident.
  [[nodiscard]] std::uint64_t absent_bytes() const { return absent_bytes_; }

 private:
  /// A run of neighbouring pages whose pagemap entries are fetched with one pread.
  struct PageRun {
    std::uint64_t first_page = 0;
    std::uint64_t end_page = 0;   ///< one past the last
    std::size_t first_entry = 0;  ///< index into entries_
    base::Result<void> status{};  ///< why its entries could not be had
  };

  LiveMemory(base::Pid pid, LiveAccess access, base::Fd process, base::Fd pagemap);

  void check_residency(std::span<ReadRequest> requests) const;
  void collect_runs(std::span<const ReadRequest> requests) const;
  void fetch_run(PageRun& run) const;
  void judge(ReadRequest& request) const;
  void copy_vectored(std::span<ReadRequest> requests) const;
  void settle_partial(std::span<ReadRequest> requests, std::span<const std::size_t> batch,
                      std::size_t copied_bytes) const;
  void copy_page_by_page(ReadRequest& request) const;
  void copy_from_mem_file(ReadRequest& request) const;
  [[nodiscard]] base::Result<int> mem_file() const;

  base::Pid pid_;
  base::Fd process_;  ///< the directory /proc/PID
  base::Fd pagemap_;
  // What follows changes in const reads: counters, descriptors opened on demand and buffers kept to save allocations. A
  // LiveMemory belongs to one thread.
  mutable LiveAccess access_;
  mutable base::Fd mem_file_;
  mutable std::uint64_t bytes_read_ = 0;
  mutable std::uint64_t absent_bytes_ = 0;
  mutable std::vector<PageRun> runs_;
  mutable std::vector<std::uint64_t> entries_;
  mutable std::vector<std::size_t> pending_;    ///< indexes of the requests of one batch
  mutable bool any_would_be_unshared_ = false;  ///< a page of that batch
  mutable std::vector<iovec> local_;
  mutable std::vector<iovec> remote_;
};

}  // namespace tidemark::memory
