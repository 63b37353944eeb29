#include "tidemark/proc/process_name.hpp"

#include <initializer_list>

#include "support.hpp"

using namespace tidemark::proc;

namespace {

/// The name of a process with these arguments, whose comm is "comm".
std::string name_of(std::initializer_list<std::string_view> arguments, std::string_view exe = "/usr/bin/python3.11") {
  std::string raw;
  for (const auto argument : arguments) raw.append(argument).push_back('\0');
  return process_name("comm", raw, exe);
}

}  // namespace

TEST_CASE("name: which programs are Python") {
  for (const char* name : {"python", "python3", "python3.11", "python3.13t", "python2.7", "pythonw", "python3.14.0"}) {
    CAPTURE(name);
    CHECK(is_python_name(name));
  }
  for (const char* name : {"", "pytho", "python-config", "python3.", "python3..1", "python3.11-dbg", "ipython",
                           "Python", "pypy3", "python3 -m x", "python.exe"}) {
    CAPTURE(name);
    CHECK_FALSE(is_python_name(name));
  }
}

TEST_CASE("name: a module, however it is asked for") {
  CHECK(name_of({"python3", "-m", "pkg.mod", "args"}) == "pkg.mod");
  CHECK(name_of({"python3", "-X", "dev", "-W", "error", "-u", "-m", "pkg.mod", "args"}) == "pkg.mod");
  CHECK(name_of({"python3", "-Im", "pkg"}) == "pkg");
  CHECK(name_of({"python3", "-mpkg"}) == "pkg");
  CHECK(name_of({"python3", "-bBumpkg", "x"}) == "pkg");
  CHECK(name_of({"python3", "-Wdefault", "-Xfaulthandler", "-m", "a"}) == "a");
  CHECK(name_of({"python3", "-uW", "error", "-m", "a"}) == "a");
  CHECK(name_of({"python3", "--check-hash-based-pycs", "always", "-m", "a"}) == "a");
  CHECK(name_of({"python3", "-m"}) == "comm");
}

TEST_CASE("name: a script's base name, as it is") {
  CHECK(name_of({"python", "script.py"}) == "script.py");
  CHECK(name_of({"/usr/bin/python3.11", "/usr/bin/rq", "worker"}) == "rq");
  CHECK(name_of({"python", "-bbs", "/srv/app/worker.py", "-m", "not.me"}) == "worker.py");
  CHECK(name_of({"python", "--", "-odd.py"}) == "-odd.py");
  CHECK(name_of({"python", "/srv/app/"}) == "app");
  CHECK(name_of({"python", "/tmp/w\xff\xfe.py"}) == "w\xff\xfe.py");
  CHECK(name_of({"python", "/tmp/" + std::string(400, 'x')}).size() == max_process_name_bytes);
}

TEST_CASE("name: what has no program is called by comm") {
  CHECK(name_of({"python", "-c", "import x", "script.py"}) == "comm");
  CHECK(name_of({"python", "-Ic", "import x"}) == "comm");
  CHECK(name_of({"python", "-"}) == "comm");
  CHECK(name_of({"python"}) == "comm");
  CHECK(name_of({"python", "-i"}) == "comm");
  CHECK(name_of({"python", "--"}) == "comm");
  CHECK(name_of({"python", "-X"}) == "comm");
  CHECK(name_of({"python", "."}) == "comm");
  CHECK(name_of({"python", ""}) == "comm");
  CHECK(name_of({}) == "comm");
}

TEST_CASE("name: titles, other programs, and an interpreter under another name") {
  CHECK(name_of({"gunicorn: master [app]"}) == "comm");
  CHECK(name_of({"gunicorn: master [app]", "", "", ""}) == "comm");
  CHECK(name_of({"/usr/bin/redis-server", "x.conf"}, "/usr/bin/redis-server") == "comm");
  CHECK(name_of({"worker-7", "main.py"}, "/usr/bin/python3.11") == "main.py");
  CHECK(name_of({"python3", "main.py"}, "") == "main.py");
  CHECK(name_of({"worker-7", "main.py"}, "/opt/python3.12 (deleted)") == "main.py");
  CHECK(process_name("comm", "python3 main.py", "python3") == "comm");  // no NUL: one rewritten argument
  CHECK(process_name("", "", "/usr/bin/sleep (deleted)") == "sleep");
  CHECK(process_name("kthreadd", "", "") == "kthreadd");
}
