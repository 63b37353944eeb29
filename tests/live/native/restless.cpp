// restless MODE: a target that does not hold still.
//   exec N    threads that run; one that is not the leader replaces the program after some ms, by `restless exec N+1`
//   fork      forks children that end at once, and waits for each; a wait that fails ends it with status 3
//   exit MS   a few threads, then exit with status 5
// exec and fork end with their parent.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

namespace {

constexpr unsigned us_per_ms = 1000;
constexpr int runners = 3;

void start_runners() {
  for (int i = 0; i < runners; ++i) {
    std::thread([] {
      while (true) ::usleep(50);
    }).detach();
  }
}

[[noreturn]] void replace_itself(const std::string& program, int number) {
  start_runners();
  std::thread([&] {
    ::usleep(3 * us_per_ms);
    const std::string next = std::to_string(number + 1);
    ::execl(program.c_str(), program.c_str(), "exec", next.c_str(), nullptr);
    std::_Exit(4);
  }).detach();
  while (true) ::pause();
}

[[noreturn]] void fork_for_ever() {
  start_runners();
  while (true) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(7);
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7) std::_Exit(3);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  const int number = argc > 2 ? std::atoi(argv[2]) : 0;
  if (mode == "exit") {
    start_runners();
    ::usleep(static_cast<unsigned>(number) * us_per_ms);
    std::_Exit(5);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (mode == "exec") replace_itself(argv[0], number);
  if (mode == "fork") fork_for_ever();
  return 2;
}
