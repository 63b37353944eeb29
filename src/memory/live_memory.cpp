#include "tidemark/memory/live_memory.hpp"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "tidemark/base/gone.hpp"

namespace tidemark::memory {

namespace {

constexpr std::uint64_t page_bytes = 4096;  // x86-64
/// End of user space with four-level page tables (Documentation/arch/x86/x86_64/mm.rst); glibc and the kernel hand out
/// nothing above it unless asked with a hint, which CPython does not do.
constexpr std::uint64_t user_space_end = 0x7fff'ffff'f000;
/// Entries of pages between two asked-for ones that are fetched along with them: on the machines measured 32 entries
/// cost about what a second pread does.
constexpr std::uint64_t joined_gap_pages = 32;
/// Entries fetched by one pread.
constexpr std::uint64_t max_pread_pages = 65'536;
constexpr std::uint64_t pagemap_present = std::uint64_t{1} << 63;  // Documentation/admin-guide/mm/pagemap.rst
constexpr std::uint64_t pagemap_swapped = std::uint64_t{1} << 62;
constexpr std::uint64_t pagemap_file = std::uint64_t{1} << 61;  // or shared anonymous memory
constexpr std::uint64_t pagemap_exclusive = std::uint64_t{1} << 56;

base::Error error_at(base::ErrorCode code, base::Address at, const char* detail = "") {
  return base::Error{.code = code, .doing = "read target memory", .address = at, .detail = detail};
}

base::Error os_error_at(int os_errno, base::Address at) {
  auto error = base::os_error("read target memory", os_errno);
  if (os_errno == EIO) error.code = base::ErrorCode::fault;  // how /proc/PID/mem says that an address is not mapped
  error.address = at;
  return error;
}

bool is_refusal(int os_errno) { return os_errno == EPERM || os_errno == EACCES || os_errno == ENOSYS; }

/// A page that fork has left to several processes. process_vm_readv pins what it reads, and for that the kernel gives
/// the process that is read a copy of its own (mm/gup.c, gup_must_unshare): reading would unshare what it looks at.
bool would_be_unshared(std::uint64_t entry) {
  return (entry & pagemap_present) != 0 && (entry & (pagemap_exclusive | pagemap_file)) == 0;
}

std::uint64_t first_page_of(const ReadRequest& request) { return request.from.value / page_bytes; }
std::uint64_t end_page_of(const ReadRequest& request) {
  return (request.from.value + request.into.size() - 1) / page_bytes + 1;
}

bool is_in_user_space(const ReadRequest& request) {
  return request.from.value < user_space_end && request.into.size() <= user_space_end - request.from.value;
}

}  // namespace

base::Result<std::unique_ptr<LiveMemory>> LiveMemory::open(int proc_root, base::Pid pid, LiveAccess access) {
  auto process = base::open_at(proc_root, std::to_string(pid), O_PATH | O_DIRECTORY, "open a process's directory");
  if (!process) return base::fail(base::absent_means_gone(std::move(process).error()));
  auto pagemap = base::open_at(process->get(), "pagemap", O_RDONLY, "open pagemap");
  if (!pagemap) return base::fail(base::absent_means_gone(std::move(pagemap).error()));
  std::unique_ptr<LiveMemory> memory(
      new LiveMemory(pid, access, std::move(process).value(), std::move(pagemap).value()));
  if (access == LiveAccess::mem_file_only) {
    if (auto opened = memory->mem_file(); !opened)
      return base::fail(base::absent_means_gone(std::move(opened).error()));
  }
  return memory;
}

LiveMemory::LiveMemory(base::Pid pid, LiveAccess access, base::Fd process, base::Fd pagemap)
    : pid_(pid), process_(std::move(process)), pagemap_(std::move(pagemap)), access_(access) {}

base::Result<void> LiveMemory::read(base::Address from, std::span<std::byte> into) const {
  ReadRequest request{.from = from, .into = into};
  read_many(std::span(&request, 1));
  return std::move(request.status);
}

void LiveMemory::read_many(std::span<ReadRequest> requests) const {
  check_residency(requests);
  if (access_ == LiveAccess::automatic && !any_would_be_unshared_) copy_vectored(requests);
  // Not "else": the first refusal of process_vm_readv leaves the rest to the file.
  for (const std::size_t index : pending_) copy_from_mem_file(requests[index]);
  for (const auto& request : requests) {
    if (request.status) bytes_read_ += request.into.size();
  }
}

void LiveMemory::check_residency(std::span<ReadRequest> requests) const {
  pending_.clear();
  any_would_be_unshared_ = false;
  for (auto& request : requests) {
    request.status = {};
    if (request.into.empty() || is_in_user_space(request)) continue;
    request.status = base::fail(error_at(base::ErrorCode::fault, request.from, "not an address of user space"));
  }
  collect_runs(requests);
  for (auto& run : runs_) fetch_run(run);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (requests[i].into.empty() || !requests[i].status) continue;
    judge(requests[i]);
    if (requests[i].status) pending_.push_back(i);
  }
}

void LiveMemory::collect_runs(std::span<const ReadRequest> requests) const {
  runs_.clear();
  for (const auto& request : requests) {
    if (request.into.empty() || !request.status) continue;
    runs_.push_back({.first_page = first_page_of(request), .end_page = end_page_of(request)});
  }
  std::ranges::sort(runs_, {}, &PageRun::first_page);
  std::size_t kept = 0;
  for (std::size_t i = 1; i < runs_.size(); ++i) {
    if (runs_[i].first_page <= runs_[kept].end_page + joined_gap_pages) {
      runs_[kept].end_page = std::max(runs_[kept].end_page, runs_[i].end_page);
    } else {
      runs_[++kept] = runs_[i];
    }
  }
  if (!runs_.empty()) runs_.resize(kept + 1);
  std::size_t entries = 0;
  for (auto& run : runs_) {
    run.first_entry = entries;
    entries += run.end_page - run.first_page;
  }
  entries_.resize(entries);
}

void LiveMemory::fetch_run(PageRun& run) const {
  const base::Address start{run.first_page * page_bytes};
  const std::uint64_t pages = run.end_page - run.first_page;
  std::uint64_t fetched = 0;
  while (fetched < pages) {
    const std::uint64_t count = std::min(pages - fetched, max_pread_pages);
    const ssize_t got =
        ::pread(pagemap_.get(), entries_.data() + run.first_entry + fetched, count * sizeof(std::uint64_t),
                static_cast<off_t>((run.first_page + fetched) * sizeof(std::uint64_t)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      run.status = base::fail(os_error_at(errno, start.plus(fetched * page_bytes)));
      return;
    }
    if (got < static_cast<ssize_t>(sizeof(std::uint64_t))) {  // the address space has no user any more
      run.status = base::fail(error_at(base::ErrorCode::gone, start, "its address space has ended"));
      return;
    }
    fetched += static_cast<std::uint64_t>(got) / sizeof(std::uint64_t);
  }
}

void LiveMemory::judge(ReadRequest& request) const {
  const std::uint64_t first = first_page_of(request);
  const auto after = std::ranges::upper_bound(runs_, first, {}, &PageRun::first_page);
  const PageRun& run = *std::prev(after);
  if (!run.status) {
    request.status = run.status;
    return;
  }
  const std::uint64_t end = end_page_of(request);
  for (std::uint64_t page = first; page < end; ++page) {
    const std::uint64_t entry = entries_[run.first_entry + (page - run.first_page)];
    any_would_be_unshared_ = any_would_be_unshared_ || would_be_unshared(entry);
    if ((entry & pagemap_present) != 0) continue;
    const base::Address at{std::max(page * page_bytes, request.from.value)};
    const bool swapped = (entry & pagemap_swapped) != 0;
    request.status = base::fail(error_at(base::ErrorCode::absent, at, swapped ? "swapped out" : "not resident"));
    absent_bytes_ += request.into.size();
    return;
  }
}

void LiveMemory::copy_vectored(std::span<ReadRequest> requests) const {
  std::size_t begin = 0;
  while (begin < pending_.size()) {
    const std::size_t end = std::min(pending_.size(), begin + IOV_MAX);
    local_.clear();
    remote_.clear();
    std::size_t wanted = 0;
    for (std::size_t i = begin; i < end; ++i) {
      const auto& request = requests[pending_[i]];
      local_.push_back({.iov_base = request.into.data(), .iov_len = request.into.size()});
      // The kernel's interface is a pointer; it is the target's, and only the kernel follows it.
      remote_.push_back({.iov_base = reinterpret_cast<void*>(request.from.value), .iov_len = request.into.size()});
      wanted += request.into.size();
    }
    const ssize_t got = ::process_vm_readv(pid_, local_.data(), local_.size(), remote_.data(), remote_.size(), 0);
    const int os_errno = got < 0 ? errno : 0;
    if (is_refusal(os_errno)) {
      access_ = LiveAccess::mem_file_only;
      pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(begin));
      return;
    }
    if (got < 0 || static_cast<std::size_t>(got) < wanted) {
      settle_partial(requests, std::span(pending_).subspan(begin, end - begin),
                     got < 0 ? 0 : static_cast<std::size_t>(got));
    }
    begin = end;
  }
  pending_.clear();
}

void LiveMemory::settle_partial(std::span<ReadRequest> requests, std::span<const std::size_t> batch,
                                std::size_t copied_bytes) const {
  for (const std::size_t index : batch) {
    auto& request = requests[index];
    if (copied_bytes >= request.into.size()) {
      copied_bytes -= request.into.size();
      continue;
    }
    copied_bytes = 0;
    copy_page_by_page(request);
  }
}

void LiveMemory::copy_page_by_page(ReadRequest& request) const {
  std::size_t done = 0;
  while (done < request.into.size()) {
    const base::Address at = request.from.plus(done);
    const std::size_t count = std::min(request.into.size() - done, page_bytes - at.value % page_bytes);
    const iovec local{.iov_base = request.into.data() + done, .iov_len = count};
    const iovec remote{.iov_base = reinterpret_cast<void*>(at.value), .iov_len = count};
    const ssize_t got = ::process_vm_readv(pid_, &local, 1, &remote, 1, 0);
    if (got <= 0) {
      request.status = base::fail(os_error_at(got < 0 ? errno : EFAULT, at));
      return;
    }
    done += static_cast<std::size_t>(got);
  }
}

void LiveMemory::copy_from_mem_file(ReadRequest& request) const {
  const auto file = mem_file();
  if (!file) {
    request.status = base::fail(file.error());
    return;
  }
  std::size_t done = 0;
  while (done < request.into.size()) {
    const base::Address at = request.from.plus(done);
    const ssize_t got =
        ::pread(*file, request.into.data() + done, request.into.size() - done, static_cast<off_t>(at.value));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      request.status = base::fail(os_error_at(errno, at));
      return;
    }
    if (got == 0) {  // the address space has no user any more
      request.status = base::fail(error_at(base::ErrorCode::gone, at, "its address space has ended"));
      return;
    }
    done += static_cast<std::size_t>(got);
  }
}

base::Result<int> LiveMemory::mem_file() const {
  if (!mem_file_.is_open()) {
    auto opened = base::open_at(process_.get(), "mem", O_RDONLY, "open the memory of a process");
    if (!opened) return base::fail(std::move(opened).error());
    mem_file_ = std::move(opened).value();
  }
  return mem_file_.get();
}

}  // namespace tidemark::memory
