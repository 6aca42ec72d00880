#pragma once

#include "base/random.h"

#include <shoal/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace shoal::topic {

/// Kafka's murmur2 with its seed 0x9747b28c (org.apache.kafka.common.utils.Utils.murmur2).
std::int32_t murmur2(ByteView data);

/// Kafka's default partitioner: murmur2 of the key; without a key one partition is kept until its batch is full or sent
/// (KIP-480, sticky). Confined to its caller.
class Partitioner {
 public:
  explicit Partitioner(base::Random& random) : random_(&random) {}

  /// Where a record goes: the partition `asked` for, or choose(). `partitions` is how many the topic has; nullopt for a
  /// topic that is new, which gets one. Code::invalid_argument for an illegal topic or a partition that is not there.
  [[nodiscard]] Result<TopicPartition> place(const std::string& topic, const std::optional<Partition>& asked,
                                             const std::optional<ByteView>& key,
                                             const std::optional<std::uint32_t>& partitions);
  /// A partition in [0, count); `count` must be positive.
  Partition choose(const std::string& topic, const std::optional<ByteView>& key, std::uint32_t count);
  /// The topic's batch was sealed: records without a key move on to another partition.
  void on_batch_sealed(const std::string& topic);

 private:
  base::Random* random_;
  std::map<std::string, Partition> sticky_;
};

}  // namespace shoal::topic
