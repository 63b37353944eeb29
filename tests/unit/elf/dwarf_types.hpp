// Purpose: types whose debug information dwarf_test.cpp reads and compares with what the compiler says of them.
#pragma once

#include <cstdint>

// Anonymous structs and arrays without a length are C's; CPython has them.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"

extern "C" {

struct tidemark_inner {
  std::uint8_t small;
  std::int64_t wide;
};

typedef tidemark_inner tidemark_alias;

enum tidemark_kind { tidemark_first = 3, tidemark_last = 200, tidemark_none = -1 };

struct tidemark_outer {
  char name[24];
  tidemark_alias inner;
  volatile tidemark_alias list[5];
  union {
    std::uint32_t whole;
    struct {
      std::uint16_t low;
      std::uint16_t high;
    };
  };
  struct {
    unsigned one : 3;
    unsigned other : 9;
  } bits;
  tidemark_outer* next;
  tidemark_kind kind;
  std::uint64_t grid[4][3];
  char rest[];
};

typedef struct {
  std::uint64_t pad[40];  // its size has the highest bit of a byte set
  std::uint8_t end[8];
} tidemark_unnamed;

struct tidemark_declared;
}

#pragma GCC diagnostic pop
