#include "base/try.h"
#include "feed/read/record_proof.h"
#include "node/reading/record_view.h"
#include "record/record_batch.h"

#include <shoal/proof.h>

namespace shoal {
namespace {

/// What the view of the record points into.
struct Owner {
  TopicPartition stream;
  record::DecodedBatch batch;
};

}  // namespace

Result<VerifiedRecord> verify_proof(std::string_view text, const std::optional<FeedId>& feed) {
  crypto::init();
  SHOAL_TRY(auto proof, feed::check_record_proof(text));
  if (feed && *feed != proof.feed) {
    return Error{Code::unverified, "the proof is signed by feed " + proof.feed.hex() + ", not by " + feed->hex(), ""};
  }
  auto decoded = record::DecodedBatch::decode(std::move(proof.payload));
  if (!decoded.ok()) return Error{Code::unverified, "record proof: " + decoded.error().message, ""};
  const auto owner = std::make_shared<const Owner>(Owner{proof.header.stream, *std::move(decoded)});
  for (const record::RecordView& record : owner->batch.records()) {
    if (record.offset != proof.offset) continue;
    std::vector<RecordView> views{node::to_view(owner->stream, proof.header.append_time, proof.block, record)};
    return VerifiedRecord{proof.feed, proof.head.time, proof.head.tree_size, proof.head.epoch,
                          Records(std::move(views), owner)};
  }
  return Error{Code::unverified, "record proof: the batch has no such record", ""};
}

}  // namespace shoal
