#include "tidemark/proc/namespaces.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

#include "detail/text.hpp"

namespace tidemark::proc {
namespace {

constexpr std::size_t longest_link_bytes = 64;

std::optional<std::string> read_link(const ProcRoot& root, const std::string& path) {
  std::array<char, longest_link_bytes> buffer{};
  const ssize_t length = ::readlinkat(root.fd(), path.c_str(), buffer.data(), buffer.size());
  if (length < 0 || static_cast<std::size_t>(length) == buffer.size()) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

std::optional<std::uint64_t> read_one(const ProcRoot& root, const std::string& process, std::string_view kind,
                                      bool& refused) {
  errno = 0;
  const auto link = read_link(root, process + "/ns/" + std::string(kind));
  if (link) return parse_namespace(kind, *link);
  refused = refused || errno == EACCES || errno == EPERM;
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> parse_namespace(std::string_view kind, std::string_view link) {
  if (!link.starts_with(kind)) return std::nullopt;
  link.remove_prefix(kind.size());
  if (!link.starts_with(":[") || !link.ends_with(']')) return std::nullopt;
  std::uint64_t inode = 0;
  if (!detail::parse_number(link.substr(2, link.size() - 3), inode)) return std::nullopt;
  return inode;
}

Namespaces read_namespaces(const ProcRoot& root, const std::string& process) {
  Namespaces out;
  out.user = read_one(root, process, "user", out.refused);
  out.pid = read_one(root, process, "pid", out.refused);
  out.mount = read_one(root, process, "mnt", out.refused);
  return out;
}

Sameness compare_namespace(std::optional<std::uint64_t> one, std::optional<std::uint64_t> other) {
  if (!one || !other) return Sameness::unknown;
  return *one == *other ? Sameness::same : Sameness::different;
}

bool names_our_pids(const ProcRoot& root) {
  return read_link(root, "self") == std::optional(std::to_string(::getpid()));
}

}  // namespace tidemark::proc
