#pragma once

#include "merkle/subtree_cover.h"
#include "replication/peers/replicator_core.h"
#include "replication/refusing_store.h"
#include "replication/serve/served_want.h"
#include "simulation/swarm_world.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// The world of tests of one class of a replicator: a real core, log and mirror on a virtual clock, peers that record
/// what is sent to them, and a publisher whose messages the test delivers.
namespace shoal::replication::testing {

struct RecordingOutbox final : Outbox {
  std::vector<Message> sent;
  std::size_t waiting = 0;  ///< bytes that queued() reports
  std::optional<std::string> closed;
  std::vector<std::uint64_t> given;

  void send(Message message) override { sent.push_back(std::move(message)); }
  [[nodiscard]] std::size_t queued() const override { return waiting; }
  void close(std::string_view reason) override { closed = reason; }
  void note_given(std::uint64_t blocks) override { given.push_back(blocks); }
  template <class T>
  [[nodiscard]] std::vector<T> all() const {
    std::vector<T> out;
    for (const Message& message : sent) {
      if (const T* one = std::get_if<T>(&message.body)) out.push_back(*one);
    }
    return out;
  }
};

class CoreWorld {
 public:
  /// `blocks` blocks of one record with `value_size` bytes each, one head each. Ours is empty, or the publisher's own
  /// log.
  explicit CoreWorld(std::uint64_t blocks = 20, std::size_t value_size = 16, bool own = false,
                     ReplicatorOptions options = {})
      : executor(time),
        random(5),
        follower(producer.id()),
        value_size_(value_size),
        opened_(open(blocks)),
        publisher(*producer.log),
        reader(own ? *producer.log : *follower.log),
        core(context(own), options) {}

  /// A connected peer that announced the publisher's head and says that it holds everything.
  PeerId join() {
    const PeerId id{core.peers().size() + 1};
    auto peer = std::make_unique<Peer>();
    peer->view.id = id;
    peer->view.address.host_port = "peer " + std::to_string(id.value());
    peer->view.node_key = feed::testing::test_key(static_cast<std::uint8_t>(100 + id.value())).public_key();
    peer->view.head = publisher.head();
    peer->view.answered = peer->first_head_came = true;
    peer->have.complete = true;
    peer->last_heard = peer->joined = core.now();
    peer->credit = PeerCredit(core.options().credit_bytes, nullptr);
    outboxes_[id] = std::make_shared<RecordingOutbox>();
    peer->outbox = outboxes_[id];
    core.peers().emplace(id, std::move(peer));
    return id;
  }
  /// Our store of blocks.
  [[nodiscard]] RefusingStore& disk() { return static_cast<RefusingStore&>(*follower.blocks); }
  [[nodiscard]] static Error full() { return {Code::no_space, "the disk is full", ""}; }
  [[nodiscard]] Peer& peer(PeerId id) { return *core.peers().at(id); }
  [[nodiscard]] RecordingOutbox& outbox(PeerId id) { return *outboxes_.at(id); }
  template <class T>
  [[nodiscard]] std::vector<T> sent(PeerId id) {
    return outbox(id).all<T>();
  }
  /// Why the peer was disconnected; empty when it was not.
  [[nodiscard]] std::string closed(PeerId id) { return outbox(id).closed.value_or(""); }

  /// The publisher appends; one commit, so one head.
  void publish(std::size_t blocks = 1, const std::string& topic = "t") {
    std::vector<feed::PendingBatch> group;
    for (std::size_t i = 0; i < blocks; ++i) {
      group.push_back(feed::testing::batch_of(feed::testing::stream(topic), {++stamp_}, value_size_));
    }
    ASSERT_TRUE(producer.writer->commit(std::move(group)).ok());
  }
  [[nodiscard]] feed::Checkpoint head() const { return *publisher.head(); }
  /// Our mirror accepts the publisher's head and its edge, without blocks.
  void take_head() {
    const feed::Checkpoint newest = head();
    const auto edge = publisher.tree().read(merkle::cover(0, newest.tree_size));
    ASSERT_TRUE(edge.ok());
    ASSERT_TRUE(follower.mirror->accept(newest, 0, {}, *edge).ok());
  }
  /// Our mirror takes all blocks.
  void take_all() { ASSERT_TRUE(feed::testing::replicate(publisher, follower).ok()); }

  /// All messages that an honest holder sends for the want, until it waits or ends.
  [[nodiscard]] std::vector<Body> serve(const Want& want) const {
    ServedWant served(publisher, want);
    return serve(served);
  }
  [[nodiscard]] static std::vector<Body> serve(ServedWant& served) {
    std::vector<Body> out;
    PayloadCache payloads;
    ReadTurn turn;
    for (bool more = true; more;) {
      Result<ServedWant::Step> step = served.next(payloads, turn);
      if (!step) break;
      std::visit(
          [&](auto& one) {
            using One = std::decay_t<decltype(one)>;
            if constexpr (!std::is_same_v<One, ServedWant::Wait>) out.push_back(std::move(one));
            more = !std::is_same_v<One, ServedWant::Wait> && !std::is_same_v<One, WantEnd>;
          },
          *step);
    }
    return out;
  }

  simulation::VirtualTime time;
  simulation::VirtualExecutor executor;
  base::SeededRandom random;
  simulation::LogLines log;
  simulation::EventLog events;
  feed::testing::Producer producer;
  feed::testing::Follower follower;

 private:
  bool open(std::uint64_t blocks) {
    auto blocks_store = store::open_rocks_store("blocks", store::Backing::memory, follower.sink);
    EXPECT_TRUE(blocks_store.ok());
    follower.blocks = std::make_unique<RefusingStore>(*std::move(blocks_store));
    EXPECT_TRUE(producer.open().ok() && follower.open().ok());
    for (std::uint64_t i = 0; i < blocks; ++i) publish();
    return true;
  }
  ReplicatorContext context(bool own) {
    ReplicatorContext out;
    out.reader = &reader;
    out.mirror = own ? nullptr : follower.mirror.get();
    out.executor = &executor;
    out.clock = &time;
    out.random = &random;
    out.log = &log;
    out.events = &events;
    return out;
  }

  std::size_t value_size_;
  std::int64_t stamp_ = 0;
  bool opened_;
  std::map<PeerId, std::shared_ptr<RecordingOutbox>> outboxes_;

 public:
  feed::FeedReader publisher;
  feed::FeedReader reader;  ///< of our log
  ReplicatorCore core;
};

/// The message as it came from the wire, with its size.
inline std::size_t wire_size(const Body& body) { return encoded_size(body); }

}  // namespace shoal::replication::testing
