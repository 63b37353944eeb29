// A library whose debug information dwarf_test.cpp reads. It is built several times: DWARF 4 and 5, compressed.
#include "dwarf_types.hpp"

tidemark_outer tidemark_outer_variable;
tidemark_unnamed tidemark_unnamed_variable;
tidemark_declared* tidemark_declared_variable;
