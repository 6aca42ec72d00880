#include "replication/serve/upload_pacer.h"

#include <algorithm>

namespace shoal::replication {
namespace {

/// Blocks from the end of the feed that count as new.
constexpr std::uint64_t kTail = 64;
/// Peers that one mirror sends large new blocks to at a time.
constexpr std::size_t kUploads = 4;
/// A peer that was sent a block should announce it within this time plus the payload's transfer time.
constexpr base::MonoTime kGivenPatience = std::chrono::seconds(1);
constexpr std::uint64_t kSlowBytesPerSecond = std::uint64_t{1} << 20;

}  // namespace

bool UploadPacer::concerns(const Want& want) const {
  const std::optional<feed::Checkpoint> head = core_.reader().head();
  if (want.live || want.urgency == Urgency::unstated || !want.all_topics || !head) return false;
  if (want.begin + kTail < head->tree_size) return false;
  const Result<feed::BlockHeader> header = core_.reader().header(BlockIndex{want.begin});
  return header && header->payload_size > kPushLimit;
}

bool UploadPacer::others_have(PeerId id, std::uint64_t block) const {
  return std::any_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    const Peer& peer = *item.second;
    return item.first != id && !peer.gone && !peer.suspect && peer.may_give(block);
  });
}

bool UploadPacer::admits(PeerId id, const Want& want, std::size_t serving) {
  if (want.urgency >= Urgency::missed || !concerns(want)) return true;
  if (core_.mirror() != nullptr) return serving < kUploads;
  const base::MonoTime now = core_.now();
  given_.erase(given_.begin(), given_.lower_bound(want.begin > kTail ? want.begin - kTail : 0));
  const auto given = given_.find(want.begin);
  if (given != given_.end() && given->second.peer != id) {
    const Result<feed::BlockHeader> header = core_.reader().header(BlockIndex{want.begin});
    const std::uint64_t size = header ? header->payload_size : 0;
    const base::MonoTime due = kGivenPatience + std::chrono::milliseconds(size * 1000 / kSlowBytesPerSecond);
    if (now - given->second.when < due || others_have(id, want.begin)) return false;
  }
  for (std::uint64_t block = want.begin; block < want.end; ++block) given_[block] = {id, now};
  return true;
}

}  // namespace shoal::replication
