// Purpose: which memory of a target is resident at one moment: taken while it runs, or while it stands still; worked on
// later.
// Invariant: taking one reads page tables and no memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tidemark/base/result.hpp"
#include "tidemark/memory/copied_memory.hpp"
#include "tidemark/proc/page_map.hpp"
#include "tidemark/proc/smaps.hpp"

namespace tidemark::heap {

class AddressSpace;

class Moment {
 public:
  /// Errors: those of PageMap.
  [[nodiscard]] static base::Result<Moment> take(std::vector<proc::SmapsRegion> smaps, const proc::PageMap& pages);

  explicit Moment(AddressSpace space);  ///< made by hand, for tests
  Moment(Moment&&) noexcept;
  Moment& operator=(Moment&&) noexcept;
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;
  ~Moment();

  /// Private memory that is resident: what a copy of the heap has to hold.
  [[nodiscard]] std::vector<memory::CopyRange> resident() const;
  [[nodiscard]] std::uint64_t resident_bytes() const;

  /// In a clone no page is anybody's own. Which ones were before it was made says an earlier moment of the target.
  void take_exclusiveness_of(const Moment& earlier);

  [[nodiscard]] const AddressSpace& space() const { return *space_; }

 private:
  std::unique_ptr<AddressSpace> space_;
};

/// The mappings of a target as its clone has them: what fork copies is the clone's, files that it only maps are the
/// target's (fork leaves their page tables to be filled anew).
[[nodiscard]] std::vector<proc::SmapsRegion> with_files_of(std::vector<proc::SmapsRegion> clone,
                                                           const std::vector<proc::SmapsRegion>& target);

}  // namespace tidemark::heap
