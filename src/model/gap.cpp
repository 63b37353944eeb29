#include "tidemark/model/gap.hpp"

namespace tidemark::model {

std::string_view text_of(Source source) {
  switch (source) {
    case Source::stat:
      return "stat";
    case Source::status:
      return "status";
    case Source::cpu:
      return "cpu";
    case Source::io:
      return "io";
    case Source::fds:
      return "fds";
    case Source::smaps_rollup:
      return "smaps_rollup";
    case Source::smaps:
      return "smaps";
    case Source::children:
      return "children";
    case Source::cgroup:
      return "cgroup";
    case Source::system:
      return "system";
    case Source::python:
      return "python";
    case Source::threads:
      return "threads";
    case Source::gil:
      return "gil";
    case Source::gc:
      return "gc";
    case Source::frame:
      return "frame";
    case Source::stacks:
      return "stacks";
    case Source::heap:
      return "heap";
    case Source::objects:
      return "objects";
  }
  return "unknown";
}

std::string_view text_of(Reason reason) {
  switch (reason) {
    case Reason::denied:
      return "denied";
    case Reason::gone:
      return "gone";
    case Reason::absent:
      return "absent";
    case Reason::torn:
      return "torn";
    case Reason::fault:
      return "fault";
    case Reason::malformed:
      return "malformed";
    case Reason::unsupported:
      return "unsupported";
    case Reason::not_python:
      return "not_python";
    case Reason::starting:
      return "starting";
    case Reason::version:
      return "version";
    case Reason::debug_build:
      return "debug_build";
    case Reason::free_threaded:
      return "free_threaded";
    case Reason::self_check:
      return "self_check";
    case Reason::too_slow:
      return "too_slow";
    case Reason::limit:
      return "limit";
    case Reason::failed:
      return "failed";
  }
  return "unknown";
}

std::string text_of(Gap gap) {
  std::string text(text_of(gap.source));
  text += ':';
  text += text_of(gap.reason);
  return text;
}

Reason reason_of(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::gone:
      return Reason::gone;
    case base::ErrorCode::permission:
      return Reason::denied;
    case base::ErrorCode::fault:
      return Reason::fault;
    case base::ErrorCode::absent:
      return Reason::absent;
    case base::ErrorCode::malformed:
      return Reason::malformed;
    case base::ErrorCode::limit:
      return Reason::limit;
    case base::ErrorCode::not_found:
    case base::ErrorCode::unsupported:
      return Reason::unsupported;
    case base::ErrorCode::torn:
      return Reason::torn;
    default:
      return Reason::failed;
  }
}

}  // namespace tidemark::model
