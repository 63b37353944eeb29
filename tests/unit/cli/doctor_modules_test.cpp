#include <doctest/doctest.h>

#include "tidemark/cli/doctor.hpp"

using namespace tidemark::cli;

TEST_CASE("doctor: extension modules and libraries by the names of their files") {
  CHECK(is_extension_name("/a/_json.cpython-311-x86_64-linux-gnu.so") == true);
  CHECK(is_extension_name("/a/_json.cpython-311-x86_64-linux-gnu.so (deleted)") == true);
  CHECK(is_extension_name("/a/_rust.abi3.so") == true);
  CHECK_FALSE(is_extension_name("/a/plain.so").has_value());
  for (const char* path : {"/a/libc.so.6", "/a/libfoo-1.2.so", "[heap]", "/usr/bin/python3.11", "/a/x.so.1"}) {
    CAPTURE(path);
    CHECK(is_extension_name(path) == false);
  }
  CHECK(module_name_of("/a/_json.cpython-311-x86_64-linux-gnu.so") == "_json");
  CHECK(c_library_of({"[heap]", "/lib/x86_64-linux-gnu/libc.so.6"}) == "glibc");
  CHECK(c_library_of({"/lib/ld-musl-x86_64.so.1"}) == "musl");
  CHECK(c_library_of({"/usr/bin/python3.11"}).empty());
  CHECK(allocator_of({"/lib/libc.so.6", "/usr/lib/libjemalloc.so.2"}) == "jemalloc");
  CHECK(allocator_of({"/lib/libc.so.6"}).empty());
}
