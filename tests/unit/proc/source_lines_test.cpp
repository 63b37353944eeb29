#include "tidemark/proc/source_lines.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "support.hpp"

using namespace tidemark;
using namespace tidemark::proc;
using test::fixture;
using test::must;
using test::Tree;

namespace {

constexpr const char* none = "(none)";

std::string line_of(const std::string& text, std::int64_t number) {
  return SourceText(text).line(number).value_or(none);
}

/// A process of a /proc of our own, whose root is the directory `root` and whose working directory is /srv in it.
class FakeProcess {
 public:
  FakeProcess() {
    tree_.write("proc/6516/stat", fixture("stat"));
    tree_.write("proc/6516/status", fixture("status"));
    tree_.make_directory("root/srv");
    link("root", "proc/6516/root");
    link("root/srv", "proc/6516/cwd");
    files_.emplace(must(ProcessFiles::open(must(ProcRoot::open(tree_.path() + "/proc")), 6516)));
  }
  void link(const std::string& existing, const std::string& name) const {
    std::filesystem::create_symlink(tree_.path() + "/" + existing, tree_.path() + "/" + name);
  }
  void link_inside(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, tree_.path() + "/root" + name);
  }
  void write(const std::string& file, std::string_view text) const { tree_.write("root" + file, text); }
  [[nodiscard]] const Tree& tree() const { return tree_; }
  [[nodiscard]] std::string line(const std::string& file, std::int64_t number = 1) const {
    SourceLines lines(*files_);
    return lines.line(file, number).value_or(none);
  }
  [[nodiscard]] const ProcessFiles& files() const { return *files_; }

 private:
  Tree tree_;
  std::optional<ProcessFiles> files_;
};

}  // namespace

TEST_CASE("source: lines end as Python ends them") {
  const std::string text = "one\n  two \r\nthree\rfour\n\n\tlast";
  CHECK(line_of(text, 1) == "one");
  CHECK(line_of(text, 2) == "two");
  CHECK(line_of(text, 3) == "three");
  CHECK(line_of(text, 4) == "four");
  CHECK(line_of(text, 5) == none);
  CHECK(line_of(text, 6) == "last");
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{7}, INT64_MIN, INT64_MAX}) {
    CHECK(line_of(text, number) == none);
  }
  CHECK(line_of("\xef\xbb\xbfimport os\n", 1) == "import os");
  CHECK(line_of("one\n", 2) == none);
  CHECK(line_of("", 1) == none);
}

TEST_CASE("source: what comes out is UTF-8 that is safe to print, and not too long") {
  CHECK(line_of("café = 'Ω'", 1) == "café = 'Ω'");
  CHECK(line_of("x = '\x1b[31m'", 1) == "x = '\\x1b[31m'");
  CHECK(line_of("x = 'caf\xe9'\ny = 1", 1) == none);
  CHECK(line_of("x = 'caf\xe9'\ny = 1", 2) == "y = 1");
  std::string longest;
  for (std::size_t i = 0; i < max_source_line_characters; ++i) longest += "é";
  CHECK(line_of(longest, 1) == longest);
  CHECK(line_of(longest + "é", 1) == longest + "…");
}

TEST_CASE("source: of another declared encoding only what is ASCII") {
  for (const char* declaration :
       {"# -*- coding: latin-1 -*-", "# vim: set fileencoding=cp1252 :", "  #coding:koi8-r"}) {
    const std::string text = std::string(declaration) + "\nx = 'Ã©'\ny = 1";
    CHECK(line_of(text, 2) == none);
    CHECK(line_of(text, 3) == "y = 1");
    CHECK(line_of("#!/usr/bin/python3\n" + text, 3) == none);
    CHECK(line_of("\n\n" + text, 4) == "x = 'Ã©'");  // too late to be a declaration
  }
  for (const char* declaration : {"# coding: utf-8", "# -*- coding: UTF_8 -*-", "x = 'coding: latin-1'", "# coding"}) {
    CHECK(line_of(std::string(declaration) + "\nx = 'é'", 2) == "x = 'é'");
  }
}

TEST_CASE("source: files are found inside the root of the process") {
  const FakeProcess process;
  process.write("/srv/app.py", "first\nsecond\n");
  process.write("/lib/other.py", "other\n");
  process.link_inside("/lib/other.py", "/srv/linked.py");
  CHECK(process.line("/srv/app.py", 2) == "second");
  CHECK(process.line("app.py") == "first");
  CHECK(process.line("./sub/../../lib/other.py") == none);  // there is no directory sub
  CHECK(process.line("../lib/other.py") == "other");
  CHECK(process.line("/srv/linked.py") == "other");
}

TEST_CASE("source: nothing outside the root is shown") {
  const FakeProcess process;
  process.tree().write("secret.py", "secret\n");
  const std::string secret = process.tree().path() + "/secret.py";
  process.link_inside(secret, "/srv/absolute.py");
  process.link_inside("../../secret.py", "/srv/relative.py");
  CHECK(process.line(secret) == none);
  CHECK(process.line("/srv/absolute.py") == none);
  CHECK(process.line("/srv/relative.py") == none);
  CHECK(process.line("../../secret.py") == none);
  CHECK(process.line("/../secret.py") == none);
}

TEST_CASE("source: what is no plain file of a fair size is not opened") {
  const FakeProcess process;
  const std::string root = process.tree().path() + "/root";
  REQUIRE(::mkfifo((root + "/fifo.py").c_str(), 0600) == 0);  // nobody writes: opening it would wait for ever
  CHECK(process.line("/fifo.py") == none);
  CHECK(process.line("/srv") == none);
  process.write("/huge.py", "first\n");
  CHECK(process.line("/huge.py") == "first");
  std::filesystem::resize_file(root + "/huge.py", max_source_bytes);
  CHECK(process.line("/huge.py") == "first");
  std::filesystem::resize_file(root + "/huge.py", max_source_bytes + 1);
  CHECK(process.line("/huge.py") == none);
  process.write("/archive.zip", "PK");
  for (const char* file : {"/archive.zip/module.py", "<string>", "<frozen importlib._bootstrap>", "", "/gone.py"}) {
    CHECK(process.line(file) == none);
  }
  CHECK(process.line(std::string("/huge.py\0x", 10)) == none);
}

TEST_CASE("source: nothing of /proc and /sys, although it looks like a file") {
  const auto self = must(ProcessFiles::open(must(ProcRoot::open()), ::getpid()));
  SourceLines lines(self);
  CHECK(lines.line(std::string(TIDEMARK_SOURCE_DIR) + "/fixtures/programs/protocol.py", 1).value_or(none) ==
        "\"\"\"What every fixture program shares: how it speaks, and how it measures itself.");
  for (const std::string file : {"/proc/version", "/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled",
                                 "/dev/zero", "/proc/self/root/etc/passwd", "/proc/self/exe"}) {
    CHECK_FALSE(lines.line(file, 1));
  }
}

TEST_CASE("source: a file is read once") {
  const FakeProcess process;
  process.write("/srv/app.py", "first\nsecond\n");
  SourceLines lines(process.files());
  CHECK(lines.line("/srv/app.py", 1) == "first");
  process.write("/srv/app.py", "changed\nchanged\n");
  CHECK(lines.line("/srv/app.py", 2) == "second");
  CHECK_FALSE(lines.line("/srv/later.py", 1));
  process.write("/srv/later.py", "later\n");
  CHECK_FALSE(lines.line("/srv/later.py", 1));
}

TEST_CASE("source: many files do not pile up") {
  const FakeProcess process;
  SourceLines lines(process.files());
  const std::string text = "first\n" + std::string(max_source_bytes / 2, '#');
  for (int i = 0; i < 20; ++i) {
    const std::string file = "/srv/large_" + std::to_string(i) + ".py";
    process.write(file, text);
    CHECK(lines.line(file, 1) == "first");
  }
  // The first ones were forgotten, so what has become of them is seen.
  process.write("/srv/large_0.py", "changed\n");
  CHECK(lines.line("/srv/large_0.py", 1) == "changed");
}
