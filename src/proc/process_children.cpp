// ProcessFiles: children and threads. The kernel keeps a list of children for each *thread* (the one that forked).
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "detail/kernel_file.hpp"
#include "detail/text.hpp"
#include "tidemark/proc/process_files.hpp"

namespace tidemark::proc {

using base::fail;
using base::Result;

namespace {

constexpr std::string_view children_step = "list the children of a process";
constexpr std::string_view threads_step = "list the threads of a process";

/// The name under the process's directory.
std::string children_file(base::Tid tid) { return "task/" + std::to_string(tid) + "/children"; }

/// "12 34 56 " (cut anywhere: the rest of a number stays in `pending`).
Result<void> take_children(std::string_view text, std::string& pending, std::vector<base::Pid>& out) {
  for (const char byte : text) {
    if (byte != ' ' && byte != '\n') {
      constexpr std::size_t max_digits = 10;
      if (pending.size() == max_digits) return fail(detail::malformed(children_step, "no pid", pending));
      pending.push_back(byte);
      continue;
    }
    if (pending.empty()) continue;
    base::Pid child = 0;
    if (!detail::parse_number(pending, child) || child <= 0) {
      return fail(detail::malformed(children_step, "no pid", pending));
    }
    if (out.size() == max_children) {
      return fail(base::Error{.code = base::ErrorCode::limit, .doing = std::string(children_step)});
    }
    out.push_back(child);
    pending.clear();
  }
  return {};
}

}  // namespace

Result<void> ProcessFiles::children(std::vector<base::Pid>& out) {
  out.clear();
  auto opened = keep_open(task_directory_, "task", threads_step, O_RDONLY | O_DIRECTORY);
  if (!opened) return opened;
  auto single = is_single_threaded();
  if (!single) return fail(std::move(single).error());
  if (!*single) return children_of_all_threads(out);
  thread_children_.clear();
  return children_of_main_thread(out);
}

/// The link count of task/ is 2 + threads (fs/proc/base.c, proc_task_getattr): no listing for the usual process. A
/// process that has gone has 2: its listing says so, where its kept `children` would read as none.
Result<bool> ProcessFiles::is_single_threaded() const {
  if (!is_procfs_) return false;
  constexpr nlink_t links_of_one_thread = 3;
  struct stat found {};
  if (::fstat(task_directory_.get(), &found) != 0) return fail(error_of(errno, threads_step, "task"));
  return found.st_nlink == links_of_one_thread;
}

/// The main thread's id is the process's for its whole life (exec by another thread hands it over): no inode to
/// compare.
Result<void> ProcessFiles::children_of_main_thread(std::vector<base::Pid>& out) {
  const std::string file = children_file(pid_);
  auto opened = keep_open(main_children_, file, children_step, O_RDONLY);
  if (!opened) return opened;
  return read_children(main_children_.get(), file, out);
}

Result<void> ProcessFiles::children_of_all_threads(std::vector<base::Pid>& out) {
  auto threads = detail::list_numbered(task_directory_.get(), max_listed_threads, threads_step);
  if (!threads) return fail(in_file(std::move(threads).error(), "task"));
  for (auto& [tid, kept] : thread_children_) kept.seen = false;
  for (const auto& thread : *threads) {
    auto done =
        thread.number == pid_ ? children_of_main_thread(out) : children_of_thread(thread.number, thread.inode, out);
    if (!done) return done;
  }
  std::erase_if(thread_children_, [](const auto& entry) { return !entry.second.seen; });
  return {};
}

Result<void> ProcessFiles::children_of_thread(base::Tid tid, std::uint64_t inode, std::vector<base::Pid>& out) {
  const std::string file = children_file(tid);
  const auto kept = thread_children_.find(tid);
  if (kept != thread_children_.end() && kept->second.inode == inode) {
    kept->second.seen = true;
    return read_children(kept->second.file.get(), file, out);
  }
  auto opened = base::open_at(directory_.get(), file, O_RDONLY, std::string(children_step));
  if (!opened) {
    const base::ErrorCode code = opened.error().code;
    const bool ended = code == base::ErrorCode::not_found || code == base::ErrorCode::gone;
    return ended ? Result<void>() : fail(in_file(std::move(opened).error(), file));
  }
  auto done = read_children(opened->get(), file, out);
  if (kept != thread_children_.end() || thread_children_.size() < max_kept_threads) {
    thread_children_.insert_or_assign(tid, KeptChildren{.file = std::move(*opened), .inode = inode, .seen = true});
  }
  return done;
}

/// The kernel gives the list in pieces of at most a page (seq_file); a child that ends meanwhile may hide its
/// neighbour.
Result<void> ProcessFiles::read_children(int fd, std::string_view file, std::vector<base::Pid>& out) const {
  constexpr std::size_t piece_bytes = 4096;
  constexpr std::size_t longest_entry_bytes = 16;  // a piece that has room for another one was the last
  std::array<char, piece_bytes> piece;
  std::string pending;
  off_t at = 0;
  while (true) {
    const ssize_t got = ::pread(fd, piece.data(), piece.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(error_of(errno, children_step, file));
    const auto size = static_cast<std::size_t>(got);
    auto taken = take_children({piece.data(), size}, pending, out);
    if (!taken) return fail(in_file(std::move(taken).error(), file));
    at += got;
    if (size + longest_entry_bytes >= piece.size()) continue;
    if (!pending.empty()) return fail(in_file(detail::malformed(children_step, "cut pid", pending), file));
    return {};
  }
}

Result<std::vector<base::Tid>> ProcessFiles::thread_ids() {
  auto opened = keep_open(task_directory_, "task", threads_step, O_RDONLY | O_DIRECTORY);
  if (!opened) return fail(std::move(opened).error());
  auto entries = detail::list_numbered(task_directory_.get(), max_listed_threads, threads_step);
  if (!entries) return fail(in_file(std::move(entries).error(), "task"));
  std::vector<base::Tid> tids;
  tids.reserve(entries->size());
  for (const auto& entry : *entries) tids.push_back(entry.number);
  return tids;
}

}  // namespace tidemark::proc
