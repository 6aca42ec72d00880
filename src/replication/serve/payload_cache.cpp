#include "replication/serve/payload_cache.h"

#include "base/try.h"

#include <algorithm>

namespace shoal::replication {

Result<std::shared_ptr<const PayloadCache::Entry>> PayloadCache::get(const feed::FeedReader& reader, BlockIndex block) {
  const auto found =
      std::find_if(recent_.begin(), recent_.end(), [&](const auto& entry) { return entry->block == block; });
  if (found != recent_.end()) {
    recent_.splice(recent_.begin(), recent_, found);
    return recent_.front();
  }
  auto entry = std::make_shared<Entry>();
  entry->block = block;
  SHOAL_TRY(entry->payload, reader.payload(block));
  const ByteView payload = entry->payload;
  for (std::size_t at = 0; at < payload.size(); at += feed::kPieceSize) {
    entry->pieces.append(merkle::leaf_hash(payload.subspan(at, std::min(feed::kPieceSize, payload.size() - at))));
  }
  bytes_ += payload.size();
  recent_.push_front(std::move(entry));
  while (bytes_ > kMaxBytes && recent_.size() > 1) {
    bytes_ -= recent_.back()->payload.size();
    recent_.pop_back();
  }
  return recent_.front();
}

}  // namespace shoal::replication
