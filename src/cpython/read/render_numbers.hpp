// Purpose: numbers as repr() says them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tidemark/base/address.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);

/// The shortest that gives the same float: "1.5", "1e+16", "-0.0", "inf", "nan" (float_repr_style is short).
[[nodiscard]] std::string float_text(double number);

/// "(1+2j)", "2j".
[[nodiscard]] std::string complex_text(double real, double imaginary);

/// A PyLong; with more than 40 digits "int of 1,234 bits". nullopt: it cannot be read, or is none.
[[nodiscard]] std::optional<std::string> integer_text(const memory::MemorySource& memory, const Layout& layout,
                                                      base::Address object);

/// A PyDecObject as str() has it: "1.50", "1E+3", "-Infinity", "NaN"; with more than 40 digits "a number of 300
/// digits". `fields` is where those behind the object's head begin. nullopt: it cannot be read, or is none.
[[nodiscard]] std::optional<std::string> decimal_text(const memory::MemorySource& memory, base::Address fields);

}  // namespace tidemark::cpython
