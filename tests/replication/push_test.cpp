#include "simulation/swarm_world.h"

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::batch_of;
using feed::testing::stream;
using simulation::SwarmNode;
using simulation::SwarmWorld;

/// Counts what one node sends.
struct Tap final : Outbox {
  struct Counts {
    std::size_t data = 0;
    std::size_t push = 0;
    std::size_t heads = 0;
    std::size_t bytes = 0;
  };
  Tap(std::shared_ptr<Outbox> to, Counts& counts) : to_(std::move(to)), counts_(counts) {}
  void send(Message message) override {
    counts_.data += std::holds_alternative<Data>(message.body) ? 1U : 0U;
    counts_.push += std::holds_alternative<Push>(message.body) ? 1U : 0U;
    counts_.heads += std::holds_alternative<Head>(message.body) ? 1U : 0U;
    counts_.bytes += encoded_size(message.body);
    to_->send(std::move(message));
  }
  [[nodiscard]] std::size_t queued() const override { return to_->queued(); }
  void close(std::string_view reason) override { to_->close(reason); }

 private:
  std::shared_ptr<Outbox> to_;
  Counts& counts_;
};

struct Pair : SwarmWorld {
  Pair() : reader(time, "reader", 1) {
    const auto tap = [](Tap::Counts& counts) {
      return [&counts](std::shared_ptr<Outbox> to) { return std::make_shared<Tap>(std::move(to), counts); };
    };
    publisher.wrap_outbox = tap(sent);
    reader.wrap_outbox = tap(returned);
    publish({batch_of(stream("t0"), {1})});
    reader.mirror(producer.id());
  }
  void begin() {
    reader.connect(publisher, {.latency = 1ms});
    ASSERT_TRUE(wait([&] { return !reader.events.synced.empty(); }));
    time.run_for(2s);
  }
  bool one_more(const std::string& topic = "t0", std::size_t size = 60) {
    sent = returned = {};
    publish({batch_of(stream(topic), {time.mono_now().count()}, size)});
    time.run_for(4ms);
    return reader.reader().head() == publisher.reader().head() && reader.held() == this->size();
  }
  SwarmNode reader;
  Tap::Counts sent;
  Tap::Counts returned;
};

TEST(Push, FollowsTheFirstRunOfALiveWant) {
  Pair pair;
  pair.reader.follow_all();
  pair.begin();
  ASSERT_TRUE(pair.one_more());
  EXPECT_EQ(pair.sent.data, 1U);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(pair.one_more());
    EXPECT_EQ(pair.sent.push, 1U);
    EXPECT_EQ(pair.sent.data, 0U);
    EXPECT_LE(pair.sent.bytes, 260U);
    EXPECT_EQ(pair.returned.bytes, 0U) << "who pushed it need not hear of it at once";
  }
  pair.returned = {};
  pair.time.run_for(1500ms);
  EXPECT_EQ(pair.returned.heads, 1U) << "but soon";
  pair.expect_equal(pair.reader);
  EXPECT_TRUE(pair.reader.events.blames.empty());
}

TEST(Push, WhatItCannotSayComesAsData) {
  Pair pair;
  pair.reader.follow_all();
  pair.begin();
  ASSERT_TRUE(pair.one_more());
  ASSERT_TRUE(pair.one_more());
  ASSERT_TRUE(pair.one_more("new"));
  EXPECT_EQ(pair.sent.data, 1U);
  ASSERT_TRUE(pair.one_more("new"));
  EXPECT_EQ(pair.sent.push, 1U);
  pair.one_more("new", 100'000);
  pair.time.run_for(1s);
  EXPECT_EQ(pair.sent.push, 0U);
  ASSERT_TRUE(pair.one_more("new"));
  EXPECT_EQ(pair.sent.push, 1U);
  EXPECT_TRUE(pair.reader.events.blames.empty());
}

TEST(Push, IsNotForReadersOfSomeTopics) {
  Pair pair;
  pair.reader.follow_topics({stream("t0")});
  pair.begin();
  for (int i = 0; i < 3; ++i) pair.one_more();
  pair.time.run_for(100ms);
  EXPECT_EQ(pair.sent.push, 0U);
  EXPECT_EQ(pair.reader.reader().head(), pair.publisher.reader().head());
}

TEST(Push, IsRelayed) {
  Pair pair;
  SwarmNode second(pair.time, "second", 2);
  second.mirror(pair.producer.id());
  pair.reader.follow_all();
  second.follow_all();
  pair.begin();
  second.connect(pair.reader, {.latency = 1ms});
  ASSERT_TRUE(pair.wait([&] { return !second.events.synced.empty(); }));
  pair.time.run_for(1s);
  for (int i = 0; i < 3; ++i) {
    pair.one_more();
    pair.time.run_for(20ms);
  }
  EXPECT_EQ(pair.returned.push, 1U);
  pair.expect_equal(second);
  EXPECT_TRUE(second.events.blames.empty());
}

/// A want by hand: what the server sends depends on what was granted, not on who asks.
struct Asker final : Outbox {
  std::vector<Message> got;
  void send(Message message) override { got.push_back(std::move(message)); }
  [[nodiscard]] std::size_t queued() const override { return 0; }
  void close(std::string_view) override {}
};

TEST(Push, IsSentOnlyToThoseWhoAskedForIt) {
  SwarmWorld world;
  world.publish({batch_of(stream("t0"), {1})});
  const auto asker = std::make_shared<Asker>();
  const PeerId id = world.publisher.replicator().add_peer({"asker", "direct", false}, PublicKey{}, asker);
  const auto say = [&](Body body) {
    world.publisher.replicator().on_message(id, Message{.channel = 1, .body = std::move(body)});
  };
  say(NoHead{});
  Want want;
  want.want = 5;
  want.tree_size = want.base = want.begin = world.size();
  want.live = true;
  want.credit = 1'000'000;
  want.urgency = Urgency::normal;
  say(want);
  const auto next = [&] {
    asker->got.clear();
    world.publish({batch_of(stream("t0"), {world.time.mono_now().count()})});
    world.time.run_for(1ms);
    return std::count_if(asker->got.begin(), asker->got.end(),
                         [](const Message& message) { return std::holds_alternative<Push>(message.body); });
  };
  EXPECT_EQ(next(), 0);
  say(Credit{5, 1});
  EXPECT_EQ(next(), 0);
  say(Credit{5, 0, true});
  EXPECT_EQ(next(), 1);
}

TEST(Push, ThatNobodyAskedForIsALie) {
  Pair pair;
  pair.reader.follow_all();
  pair.begin();
  bool lied = false;
  struct Liar final : Outbox {
    Liar(std::shared_ptr<Outbox> the_to, bool& the_lied) : to(std::move(the_to)), lied(the_lied) {}
    void send(Message message) override {
      const auto* data = std::get_if<Data>(&message.body);
      if (data != nullptr && data->with_head && !data->blocks.empty()) {
        Push push{data->want, data->head.time, data->head.signature, {{{1, 0, 0}, data->blocks[0].payload}}, 0};
        lied = true;
        message.body = push;
      }
      to->send(std::move(message));
    }
    [[nodiscard]] std::size_t queued() const override { return to->queued(); }
    void close(std::string_view reason) override { to->close(reason); }
    std::shared_ptr<Outbox> to;
    bool& lied;
  };
  SwarmNode early(pair.time, "early", 3);
  early.mirror(pair.producer.id());
  pair.publisher.wrap_outbox = [&](std::shared_ptr<Outbox> to) { return std::make_shared<Liar>(std::move(to), lied); };
  early.follow_all();
  early.connect(pair.publisher, {.latency = 1ms});
  ASSERT_TRUE(pair.wait([&] { return !early.events.synced.empty(); }));
  pair.time.run_for(500ms);
  pair.publish({batch_of(stream("t0"), {9})});
  ASSERT_TRUE(pair.wait([&] { return !early.events.blames.empty(); }, 5s));
  EXPECT_TRUE(lied);
}

}  // namespace
}  // namespace shoal::replication
