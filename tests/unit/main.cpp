#define DOCTEST_CONFIG_IMPLEMENT  // said beside the next, which says it too late where the header is precompiled
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
