// Purpose: errors as values. Result<T> has the surface of std::expected (which g++ 12 lacks in C++20 mode).
// Invariant: a Result holds a T or an Error, never neither; reading the wrong one terminates.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "tidemark/base/address.hpp"

namespace tidemark::base {

/// What kind of failure; the command line turns a code into a message, a hint and an exit status.
enum class ErrorCode {
  gone,         ///< the process or thread has exited: an ordinary outcome
  permission,   ///< EPERM, EACCES
  not_found,    ///< a file, symbol or section that does not exist
  fault,        ///< memory that cannot be read; `address` is the first missing byte
  absent,       ///< a page that is not resident; reading it would fault it in, so it was not read
  malformed,    ///< bytes that are not what they should be (target data, a file of ours)
  limit,        ///< a named cap was passed
  unsupported,  ///< understood and not handled: another version, a kernel without the feature
  torn,         ///< two readings of something that moves did not agree
  no_space,     ///< ENOSPC, EFBIG, EDQUOT
  closed,       ///< EPIPE: the reader of our output has gone
  busy,         ///< somebody else holds it
  usage,        ///< the user asked for something that makes no sense
  io,           ///< any other errno
};

/// What we were doing, where, and what the kernel said. No sentence is made here.
struct Error {
  ErrorCode code = ErrorCode::io;
  std::string doing;        ///< "read the thread list", without a full stop
  std::string path = {};    ///< the file concerned, if any
  Address address = {};     ///< the target address concerned, if any
  int os_errno = 0;         ///< 0 when the kernel was not involved
  std::string detail = {};  ///< what was found, when that helps: "magic is 7f454c00"
};

/// The code that fits an errno: ESRCH is gone, EPERM and EACCES permission, ENOENT not_found, ...
[[nodiscard]] ErrorCode error_code_of(int os_errno);

/// An Error for the errno of a call that just failed.
[[nodiscard]] Error os_error(std::string doing, int os_errno, std::string path = {});

/// One line for logs, events and tests: `doing: path: detail (errno text)`.
[[nodiscard]] std::string describe(const Error& error);

struct Unexpected {
  Error error;
};

[[nodiscard]] inline Unexpected fail(Error error) { return Unexpected{std::move(error)}; }

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}                   // NOLINT: implicit by design
  Result(Unexpected failed) : state_(std::in_place_index<1>, std::move(failed.error)) {}  // NOLINT

  [[nodiscard]] bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error&& error() && { return std::get<1>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] T value_or(T other) const& { return has_value() ? value() : std::move(other); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Unexpected failed) : error_(std::move(failed.error)) {}  // NOLINT: implicit by design

  [[nodiscard]] bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] const Error& error() const& { return error_.value(); }
  [[nodiscard]] Error&& error() && { return std::move(error_).value(); }

 private:
  std::optional<Error> error_;
};

}  // namespace tidemark::base
