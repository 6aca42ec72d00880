#pragma once

#include "feed/format/receipt.h"

#include <shoal/producer.h>

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace shoal::node {

/// Which mirrors must hold a record before it counts as acknowledged. Both empty: none.
struct MirrorQuorum {
  unsigned count = 0;            ///< this many distinct mirrors
  std::vector<PublicKey> named;  ///< or each of these

  [[nodiscard]] Acks::Level level() const { return named.empty() ? Acks::Level::mirrors : Acks::Level::named; }
  [[nodiscard]] bool empty() const { return count == 0 && named.empty(); }
};

/// Records that are durable here and not yet acknowledged by mirrors. Pure state; confined to its caller.
class MirrorAcks {
 public:
  /// The records of one block.
  struct Run {
    AckRun records;
    BlockIndex block{0};
    UnixMs appended{0};
    std::size_t bytes = 0;  ///< room in the send buffer that their acknowledgement frees
  };

  explicit MirrorAcks(MirrorQuorum quorum) : quorum_(std::move(quorum)) {}

  /// In the order of their blocks.
  void add(Run run) { waiting_.push_back(std::move(run)); }
  /// Removes and returns the records that enough mirrors hold now, in order in each partition, with the number of
  /// mirrors that hold each.
  [[nodiscard]] std::vector<Run> take(const std::vector<feed::Receipt>& receipts, Epoch epoch);
  [[nodiscard]] Acks::Level level() const { return quorum_.level(); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  /// Of the send buffer, of all that wait.
  [[nodiscard]] std::size_t bytes() const;

 private:
  [[nodiscard]] unsigned holders(const Run& run, const std::vector<const feed::Receipt*>& receipts) const;
  [[nodiscard]] unsigned needed() const;

  MirrorQuorum quorum_;
  std::deque<Run> waiting_;
};

}  // namespace shoal::node
