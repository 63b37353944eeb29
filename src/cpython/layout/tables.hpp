// Purpose: the tables, one per file; `layouts()` lists them.
#pragma once

#include "tidemark/cpython/layout.hpp"

namespace tidemark::cpython {

extern const Layout layout_v3_8;
extern const Layout layout_v3_9;
extern const Layout layout_v3_10;
extern const Layout layout_v3_11;
extern const Layout layout_v3_12;
extern const Layout layout_v3_13;
extern const Layout layout_v3_13t;
extern const Layout layout_v3_14;
extern const Layout layout_v3_14t;
extern const Layout layout_v3_15;
extern const Layout layout_v3_15t;

}  // namespace tidemark::cpython
