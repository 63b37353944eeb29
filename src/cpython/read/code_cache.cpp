#include "code_cache.hpp"

#include <algorithm>
#include <utility>

#include "read_piece.hpp"
#include "tidemark/cpython/objects.hpp"

namespace tidemark::cpython {

namespace {

using base::Address;

/// Of a string or line table: its size, its hash and its first characters.
constexpr std::uint32_t max_witness_bytes = 192;

base::Unexpected not_the_code(Address at, const char* detail) {
  return base::fail(
      base::Error{.code = base::ErrorCode::torn, .doing = "read a code object", .address = at, .detail = detail});
}

/// The first bytes stand for all of them.
Witness cut(Witness witness) {
  if (witness.bytes.size() > max_witness_bytes) witness.bytes.resize(max_witness_bytes);
  return witness;
}

/// The first bytes of the copy that the lines are told from.
Witness witness_of_table(const Layout& layout, Address table, const std::vector<std::byte>& contents) {
  const std::size_t size = std::min<std::size_t>(contents.size(), max_witness_bytes);
  return {.address = table.plus(layout.bytes.data),
          .bytes = std::vector<std::byte>(contents.begin(), contents.begin() + static_cast<std::ptrdiff_t>(size))};
}

struct BytecodeSize {
  std::int64_t code_units = 0;
  Witness witness;
};

base::Result<BytecodeSize> size_of_bytecode(const memory::MemorySource& memory, const Layout& layout, Address object) {
  constexpr std::int64_t code_unit_bytes = 2;
  const Address at = object.plus(layout.object.size.offset());
  std::int64_t size_bytes = 0;
  const auto bytes = std::as_writable_bytes(std::span(&size_bytes, 1));
  if (auto read = memory.read(at, bytes); !read) return base::fail(std::move(read).error());
  if (size_bytes < 0 || size_bytes % code_unit_bytes != 0) {
    return base::fail({.code = base::ErrorCode::torn, .doing = "read the size of a code object", .address = object});
  }
  return BytecodeSize{.code_units = size_bytes / code_unit_bytes,
                      .witness = {.address = at, .bytes = {bytes.begin(), bytes.end()}}};
}

base::Result<CachedCode> read_names(const memory::MemorySource& memory, const Layout& layout, Address code,
                                    const CodeHead& head) {
  auto function = copy_text(memory, layout, head.qualname);
  if (!function) return base::fail(std::move(function).error());
  auto file = copy_text(memory, layout, head.filename);
  if (!file) return base::fail(std::move(file).error());
  auto table = read_bytes_object(memory, layout, head.line_table, max_line_table_bytes);
  if (!table) return base::fail(std::move(table).error());
  CachedCode entry{.head = head,
                   .code_units = head.size,
                   .info = std::make_shared<const model::CodeInfo>(
                       model::CodeInfo{.function = std::move(function->text), .file = std::move(file->text)}),
                   .line_table = std::move(table).value(),
                   .bytecodes = {},
                   .witnesses = {}};
  if (layout.code.bytecodes.is_present()) {
    auto copies = read_bytecodes(memory, layout, code, head.bytecodes);
    if (!copies) return base::fail(std::move(copies).error());
    entry.bytecodes = std::move(copies->starts);
    entry.witnesses.push_back(std::move(copies->witness));
  }
  if (head.version != 0) return entry;  // another number for each code object: no witness is needed
  entry.witnesses.push_back(cut(std::move(function->witness)));
  entry.witnesses.push_back(cut(std::move(file->witness)));
  entry.witnesses.push_back(witness_of_table(layout, head.line_table, entry.line_table));
  if (head.bytecode.is_null()) return entry;
  auto size = size_of_bytecode(memory, layout, head.bytecode);
  if (!size) return base::fail(std::move(size).error());
  entry.code_units = size->code_units;
  entry.witnesses.push_back(std::move(size->witness));
  return entry;
}

/// What grows with the code object and with the threads of the target.
std::size_t table_bytes_of(const CachedCode& code) {
  return code.line_table.size() + 2 * code.bytecodes.size() * sizeof(Address);  // once as a witness
}

}  // namespace

Extent code_extent(const Layout& layout) {
  const auto& code = layout.code;
  const Extent fields = extent_of(code.first_line, code.version, code.first_traceable);
  const Extent pointers = extent_of(code.filename, code.qualname, code.line_table, code.bytecode, code.bytecodes);
  const Extent head = extent_of(layout.object.type, layout.object.size);
  return {.first = std::min({fields.first, pointers.first, head.first}),
          .end = std::max({fields.end, pointers.end, head.end})};
}

std::optional<CodeHead> decode_code(const Layout& layout, Address code_type, const Piece& piece) {
  const auto& field = layout.code;
  if (piece.get(layout.object.type) != code_type) return std::nullopt;
  const auto size = piece.get(layout.object.size);
  const auto first_line = piece.get(field.first_line);
  const auto filename = piece.get(field.filename);
  const auto qualname = piece.get(field.qualname);
  const auto line_table = piece.get(field.line_table);
  if (!size || !first_line || !filename || !qualname || !line_table) return std::nullopt;
  return CodeHead{.size = *size,
                  .first_line = *first_line,
                  .version = piece.get(field.version).value_or(0),
                  .filename = *filename,
                  .qualname = *qualname,
                  .line_table = *line_table,
                  .bytecode = piece.get(field.bytecode).value_or(Address{}),
                  .first_traceable = piece.get(field.first_traceable).value_or(0),
                  .bytecodes = piece.get(field.bytecodes).value_or(Address{})};
}

base::Result<CodeHead> read_code_head(const memory::MemorySource& memory, const Layout& layout, Address code_type,
                                      Address code) {
  StructBuffer buffer;
  auto piece = read_piece(memory, code, code_extent(layout), buffer);
  if (!piece) return base::fail(std::move(piece).error());
  const auto head = decode_code(layout, code_type, *piece);
  return head ? base::Result<CodeHead>(*head) : not_the_code(code, "not a code object");
}

const CachedCode* CodeCache::find(Address code) const {
  const auto at = entries_.find(code.value);
  return at == entries_.end() ? nullptr : &at->second;
}

base::Result<void> CodeCache::load(const memory::MemorySource& memory, const Layout& layout, Address code,
                                   const CodeHead& head) {
  if (const CachedCode* known = find(code); known != nullptr && known->head == head) return {};
  auto entry = read_names(memory, layout, code, head);
  if (!entry) return base::fail(std::move(entry).error());
  forget(code);
  if (entries_.size() >= limits_.codes || table_bytes_ + table_bytes_of(*entry) > limits_.table_bytes) {
    entries_.clear();
    table_bytes_ = 0;
    ++drops_;
  }
  table_bytes_ += table_bytes_of(*entry);
  entries_.emplace(code.value, std::move(entry).value());
  return {};
}

base::Result<void> CodeCache::learn(const memory::MemorySource& memory, const Layout& layout, Address code_type,
                                    Address code, const CodeHead& head) {
  if (const CachedCode* known = find(code); known != nullptr && known->head == head) return {};
  if (auto loaded = load(memory, layout, code, head); !loaded) return loaded;
  const auto again = read_code_head(memory, layout, code_type, code);
  if (again && *again == head) return {};
  forget(code);
  return again ? not_the_code(code, "another code object") : base::fail(again.error());
}

void CodeCache::forget(Address code) {
  const auto at = entries_.find(code.value);
  if (at == entries_.end()) return;
  table_bytes_ -= table_bytes_of(at->second);
  entries_.erase(at);
  ++drops_;
}

}  // namespace tidemark::cpython
