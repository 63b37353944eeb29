#include "tidemark/base/result.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace tidemark::base {

ErrorCode error_code_of(int os_errno) {
  switch (os_errno) {
    case ESRCH:
      return ErrorCode::gone;
    case EPERM:
    case EACCES:
      return ErrorCode::permission;
    case ENOENT:
    case ENOTDIR:
      return ErrorCode::not_found;
    case EFAULT:
      return ErrorCode::fault;
    case ENOSPC:
    case EFBIG:
    case EDQUOT:
      return ErrorCode::no_space;
    case EPIPE:
      return ErrorCode::closed;
    case EAGAIN:
    case EBUSY:
    case EADDRINUSE:
      return ErrorCode::busy;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorCode::unsupported;
    default:
      return ErrorCode::io;
  }
}

Error os_error(std::string doing, int os_errno, std::string path) {
  return Error{
      .code = error_code_of(os_errno), .doing = std::move(doing), .path = std::move(path), .os_errno = os_errno};
}

std::string describe(const Error& error) {
  std::string text = error.doing;
  if (!error.path.empty()) text += ": " + error.path;
  if (!error.address.is_null()) text += fmt::format(" at {:#x}", error.address.value);
  if (!error.detail.empty()) text += ": " + error.detail;
  if (error.os_errno != 0) text += fmt::format(" ({})", std::generic_category().message(error.os_errno));
  return text;
}

}  // namespace tidemark::base
