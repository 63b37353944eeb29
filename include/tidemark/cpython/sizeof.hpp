// Purpose: whose `__sizeof__` an object of a type runs, which decides what sys.getsizeof() says of it.
// Invariants: every list and name read from the target passes a cap; what is found is what the attribute look-up of
// CPython finds (_PyType_Lookup, Objects/typeobject.c): the first class of the method resolution order that has it.
//
// Upstream: a type made in C, static or by PyType_FromSpec, has its methods in tp_methods; the dict of a static builtin
// type is from 3.12 on kept per interpreter, so that tp_methods is what tells. A class made by Python code has no
// tp_methods, and what its body defines in tp_dict.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "tidemark/base/address.hpp"
#include "tidemark/base/result.hpp"
#include "tidemark/cpython/layout.hpp"
#include "tidemark/memory/memory_source.hpp"

namespace tidemark::cpython {

/// Classes of one method resolution order that are looked at.
inline constexpr std::size_t max_mro_classes = 512;
/// Methods of one class that are looked at.
inline constexpr std::size_t max_type_methods = 1024;
/// Attributes of one class that are looked at.
inline constexpr std::size_t max_class_attributes = 8192;

struct SizeofOwner {
  base::Address type;             ///< the class that defines it
  std::string name;               ///< its tp_name: "object", "list", "collections.OrderedDict"; of a Python class bare
  bool is_python = false;         ///< found in the dict of a class: a Python function, whatever it computes
  bool has_unread_class = false;  ///< a class before it could not be read, and may define one of its own

  bool operator==(const SizeofOwner&) const = default;
};

/// For one type after another: a class that several of them derive from is read once.
class SizeofFinder {
 public:
  SizeofFinder(const memory::MemorySource& memory, const Layout& layout);
  ~SizeofFinder();
  SizeofFinder(const SizeofFinder&) = delete;
  SizeofFinder& operator=(const SizeofFinder&) = delete;

  /// As find_sizeof() below.
  [[nodiscard]] base::Result<SizeofOwner> find(base::Address type);

 private:
  struct Class;

  [[nodiscard]] const Class& look(base::Address type);

  const memory::MemorySource& memory_;
  const Layout& layout_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Class>> classes_;
};

/// Where tp_mro cannot be read, the bases are followed by tp_base. Errors: those of reading `type` itself, `not_found`
/// (no class that could be read defines it), `malformed` (the layout lacks a field).
[[nodiscard]] base::Result<SizeofOwner> find_sizeof(const memory::MemorySource& memory, const Layout& layout,
                                                    base::Address type);

}  // namespace tidemark::cpython
