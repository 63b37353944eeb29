// Purpose: runs of `heap` and `objects` on readings made by hand: what they print and their status.
#pragma once

#include <stdlib.h>  // NOLINT: mkdtemp is POSIX

#include <filesystem>
#include <sstream>
#include <string>

#include "tidemark/base/address.hpp"
#include "tidemark/cli/command.hpp"
#include "tidemark/cli/failure.hpp"

namespace tidemark::cli::test {

struct Outcome {
  int status = 0;
  std::string out, err;
};

/// `run(streams)` gives the status.
template <class Run>
Outcome outcome_of(Run run) {
  std::ostringstream out;
  std::ostringstream err;
  Streams streams{out, err};
  const int status = run(streams);
  return {status, out.str(), err.str()};
}

/// A HeapAnswer or an ObjectsAnswer of a process that cannot be read.
template <class Answer>
Answer failure_of(base::Pid pid) {
  Answer answer;
  answer.process.identity.pid = pid;
  answer.failure = Failure{"it may not be read", "be root", ExitStatus::cannot_open};
  return answer;
}

inline bool has(const std::string& text, const std::string& words) { return text.find(words) != std::string::npos; }

/// A path in a directory of its own, which goes with it.
class TempFile {
 public:
  TempFile() {
    std::string name = (std::filesystem::temp_directory_path() / "tidemark-cli-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  ~TempFile() { std::filesystem::remove_all(directory_); }
  [[nodiscard]] std::string path() const { return directory_ + "/reading.json"; }

 private:
  std::string directory_;
};

}  // namespace tidemark::cli::test
