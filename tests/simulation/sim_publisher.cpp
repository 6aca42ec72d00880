#include "simulation/sim_publisher.h"

#include "base/random.h"
#include "record/record_batch.h"

namespace shoal::simulation {
namespace {

crypto::KeyPair feed_key(std::uint8_t seed) {
  crypto::init();
  return crypto::KeyPair::from_seed(Bytes(32, seed)).value();
}

}  // namespace

SimPublisher::SimPublisher(VirtualTime& time, std::shared_ptr<SharedValues> values, std::uint8_t key_seed)
    : store_(std::move(values)),
      journal_(store::make_memory_journal()),
      time_(time),
      id_(FeedId{feed_key(key_seed).public_key()}) {
  log_ = feed::FeedLog::open({&store_, &store_}, id_).value();
  writer_ = feed::FeedWriter::open(*log_, store_, *journal_, feed_key(key_seed), time, sink_).value();
}

feed::CommitResult SimPublisher::publish(std::size_t bytes, std::uint8_t salt) {
  const UnixMs now = time_.wall_now();
  Bytes value(bytes);
  base::SeededRandom(++records_ * 256 + salt).fill(value);
  feed::PendingBatch batch{{"t" + std::to_string(records_ % 3), Partition{0}}, {}, 1, now, now};
  batch.batch = record::encode_batch({{now, std::nullopt, std::move(value), {}}}, record::Codec::none).value();
  std::vector<feed::PendingBatch> group;
  group.push_back(std::move(batch));
  return writer_->commit(std::move(group)).value();
}

}  // namespace shoal::simulation
