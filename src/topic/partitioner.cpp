#include "topic/partitioner.h"

#include "base/assert.h"
#include "feed/format/block.h"

namespace shoal::topic {

std::int32_t murmur2(ByteView data) {
  constexpr std::uint32_t kSeed = 0x9747b28c;
  constexpr std::uint32_t kMultiplier = 0x5bd1e995;
  constexpr int kShift = 24;

  std::uint32_t hash = kSeed ^ static_cast<std::uint32_t>(data.size());
  std::size_t i = 0;
  for (; i + 4 <= data.size(); i += 4) {
    std::uint32_t word = static_cast<std::uint32_t>(data[i]) | static_cast<std::uint32_t>(data[i + 1]) << 8 |
                         static_cast<std::uint32_t>(data[i + 2]) << 16 | static_cast<std::uint32_t>(data[i + 3]) << 24;
    word *= kMultiplier;
    word ^= word >> kShift;
    word *= kMultiplier;
    hash *= kMultiplier;
    hash ^= word;
  }
  const std::size_t tail = data.size() - i;
  if (tail >= 3) hash ^= static_cast<std::uint32_t>(data[i + 2]) << 16;
  if (tail >= 2) hash ^= static_cast<std::uint32_t>(data[i + 1]) << 8;
  if (tail >= 1) {
    hash ^= data[i];
    hash *= kMultiplier;
  }
  hash ^= hash >> 13;
  hash *= kMultiplier;
  hash ^= hash >> 15;
  return static_cast<std::int32_t>(hash);
}

Result<TopicPartition> Partitioner::place(const std::string& topic, const std::optional<Partition>& asked,
                                          const std::optional<ByteView>& key,
                                          const std::optional<std::uint32_t>& partitions) {
  if (!partitions && !feed::is_legal_topic(topic)) {
    return Error{Code::invalid_argument, "'" + topic + "' is no legal topic name",
                 "1 to 249 of letters, digits, dot, dash and underscore"};
  }
  const std::uint32_t count = partitions.value_or(1);
  if (!asked) return TopicPartition{topic, choose(topic, key, count)};
  if (asked->value() < 0 || static_cast<std::uint32_t>(asked->value()) >= count) {
    return Error{Code::invalid_argument, "topic " + topic + " has no partition " + std::to_string(asked->value()),
                 "shoal topics shows what there is; a topic's partitions are fixed by shoal init --topic NAME:N"};
  }
  return TopicPartition{topic, *asked};
}

Partition Partitioner::choose(const std::string& topic, const std::optional<ByteView>& key, std::uint32_t count) {
  SHOAL_ASSERT(count > 0);
  if (key) {
    const auto positive = static_cast<std::uint32_t>(murmur2(*key)) & 0x7fffffffU;
    return Partition(static_cast<std::int32_t>(positive % count));
  }
  if (count == 1) return Partition(0);
  const auto [kept, fresh] = sticky_.try_emplace(topic, Partition(0));
  if (fresh) kept->second = Partition(static_cast<std::int32_t>(random_->below(count)));
  return kept->second;
}

void Partitioner::on_batch_sealed(const std::string& topic) { sticky_.erase(topic); }

}  // namespace shoal::topic
