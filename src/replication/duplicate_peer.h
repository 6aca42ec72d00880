#pragma once

#include "replication/replicator_core.h"

namespace shoal::replication {

/// Which of two connections between one pair of nodes has to go. Nodes that dial each other at the same time, or find
/// each other on several ways, end up with one connection without a word about it: both keep the one that the node with
/// the smaller key dialled. Of two that the same side dialled, the dialler closes the newer one; the other side waits
/// for that, because the older one may be the ghost of a node that started again.
enum class Duplicate : std::uint8_t { keep_both, close_older, close_newer };
[[nodiscard]] Duplicate judge_duplicate(const PublicKey& own_key, const PeerView& older, const PeerView& newer);

}  // namespace shoal::replication
