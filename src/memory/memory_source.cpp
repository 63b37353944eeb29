#include "tidemark/memory/memory_source.hpp"

namespace tidemark::memory {

void MemorySource::read_many(std::span<ReadRequest> requests) const {
  for (auto& request : requests) request.status = read(request.from, request.into);
}

}  // namespace tidemark::memory
