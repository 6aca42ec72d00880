#pragma once

#include "attach/client/remote_node.h"
#include "base/clock.h"
#include "doors/socket/server.h"
#include "node/node_testing.h"
#include "node/open_node.h"
#include "record/crc32c.h"
#include "record/record_batch.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

/// What every way to a node promises: the same suite runs on the node of this process and through its socket.
namespace shoal::contract {

using namespace std::chrono_literals;
using node::testing::bytes;
using node::testing::code_of;
using node::testing::must;
using node::testing::record;
using node::testing::text_of;

enum class Way : std::uint8_t { local, socket };

inline std::string way_name(const testing::TestParamInfo<Way>& info) {
  return info.param == Way::local ? "Local" : "Socket";
}

/// Records at the times, each with the value `<prefix><index>`.
inline Bytes batch_of(const std::vector<std::int64_t>& times, const std::string& prefix = "",
                      record::Codec codec = record::Codec::zstd) {
  std::vector<record::Record> records;
  for (std::size_t i = 0; i < times.size(); ++i) {
    records.push_back({UnixMs(times[i]), std::nullopt, bytes(prefix + std::to_string(i)), {}});
  }
  return record::encode_batch(records, codec).value();
}

/// The batch with the checksum of what it holds now.
inline Bytes with_checksum(Bytes batch) {
  const std::uint32_t sum = record::crc32c(ByteView(batch).subspan(21));
  for (int i = 0; i < 4; ++i) batch[static_cast<std::size_t>(17 + i)] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
  return batch;
}

inline Bytes patched(Bytes batch, std::int64_t offset) {
  record::patch_batch(batch, Offset(offset), 0);
  return batch;
}

inline std::vector<std::string> values_of(const Bytes& batch) {
  const auto decoded = record::DecodedBatch::decode(batch).value();
  std::vector<std::string> values;
  for (const record::RecordView& one : decoded.records()) values.push_back(text_of(one.value));
  return values;
}

/// What a producer was acknowledged, by offset.
class Acked {
 public:
  explicit Acked(node::ProducerApi& producer) {
    producer.on_acked([state = state_](const AckRun& run) {
      const std::lock_guard lock(state->mutex);
      for (Offset offset = run.first; offset <= run.last; ++offset) state->offsets.push_back(offset.value());
    });
  }
  std::vector<std::int64_t> offsets() {
    const std::lock_guard lock(state_->mutex);
    return state_->offsets;
  }

 private:
  struct State {
    std::mutex mutex;
    std::vector<std::int64_t> offsets;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

using Offsets = std::vector<std::int64_t>;

class Contract : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override { start(); }
  void TearDown() override { stop(); }

  void start() {
    held_ = must(node::open_node({.data_dir = dir_ / "data", .offline = true}));
    api_ = held_;
    if (GetParam() == Way::local) return;
    server_ = must(doors::Server::start(held_, dir_ / "node.sock"));
    api_ = must(attach::RemoteNode::attach(dir_ / "node.sock", {}, {5s}));
  }
  void stop() {
    if (server_) {
      api_->close();
      server_->stop();
      server_.reset();
    }
    held_->close();
    api_.reset();
    held_.reset();
  }
  void restart() {
    stop();
    start();
  }

  node::ReadingApi& reading() { return api_->reading(); }
  node::OwningApi& owning() { return api_->owning(); }
  node::KeepingApi& keeping() { return api_->keeping(); }

  /// An own feed; one topic has two partitions.
  node::FeedReference make_feed(const FeedOptions& options = {.create = true}) {
    must(owning().open_feed("quakes", options));
    must(owning().publish_manifest("quakes", {.topics = {{"two", 2, "", ""}}}));
    return must(reading().resolve("quakes"));
  }
  /// Sends each batch as a block of its own.
  void publish(const std::vector<Bytes>& batches, const TopicPartition& stream = kStream) {
    const auto producer = must(owning().open_producer("quakes", {}));
    for (const Bytes& batch : batches) {
      must(producer->send_batch(stream, batch, {5s}));
      must(producer->flush({30s}));
    }
  }
  std::vector<Bytes> fetched(const node::FeedReference& feed, std::int64_t offset, std::size_t max_bytes = 1 << 20) {
    const auto got = must(reading().fetch(feed, {kStream, Offset(offset), max_bytes}));
    std::vector<Bytes> batches;
    for (const node::StoredBatch& batch : got.batches) batches.push_back(batch.bytes);
    return batches;
  }

  inline static const TopicPartition kStream{"us", Partition(0)};
  node::testing::TempDir dir_;
  std::shared_ptr<node::NodeApi> held_;  ///< the node itself
  std::unique_ptr<doors::Server> server_;
  std::shared_ptr<node::NodeApi> api_;  ///< the way to it
};

}  // namespace shoal::contract
