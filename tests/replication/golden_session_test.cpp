#include "replication/golden_session.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace shoal::replication {
namespace {

using namespace std::chrono_literals;
using testing::read_session;
using testing::SessionLine;

std::vector<SessionLine> golden() {
  std::ifstream in(std::string(SHOAL_TEST_DATA) + "/vectors/golden_session.txt");
  return read_session(in);
}

std::vector<Message> messages_of(const std::vector<SessionLine>& lines, const std::string& side,
                                 const std::string& phase = "") {
  std::vector<Message> out;
  std::string now;
  for (const SessionLine& line : lines) {
    if (line.side == "phase") now = line.text;
    if (line.side != side || (!phase.empty() && now != phase)) continue;
    Message message = decode_message(line.bytes()).value();
    // It answers a ping of then, whose number nobody gave today.
    if (!std::holds_alternative<Pong>(message.body)) out.push_back(std::move(message));
  }
  return out;
}

TEST(GoldenSession, EveryMessageIsReadAndWrittenAsItWas) {
  std::set<std::string> types;
  for (const SessionLine& line : golden()) {
    if (line.side == "phase") continue;
    const Bytes bytes = line.bytes();
    const Result<Message> message = decode_message(bytes);
    ASSERT_TRUE(message.ok()) << line.text;
    Bytes again;
    encode_message(*message, again);
    EXPECT_EQ(base::to_hex(again), line.text);
    types.emplace(message_name(message->body));
  }
  for (const char* type : {"head", "no_head", "have", "want", "credit", "data", "push", "want_end", "lookup",
                           "lookup_reply", "topic_state", "topic_state_reply"}) {
    EXPECT_TRUE(types.contains(type)) << type;
  }
}

/// Answers a reader of today with what the publisher of then sent for the same want.
class FormerPublisher final : public Outbox {
 public:
  explicit FormerPublisher(const std::vector<SessionLine>& lines) {
    for (const Message& message : messages_of(lines, "mirror>publisher")) {
      if (const auto* want = std::get_if<Want>(&message.body)) wants_.push_back(*want);
    }
  }
  void send(Message message) override {
    const auto* want = std::get_if<Want>(&message.body);
    if (want == nullptr) return;
    const auto same = std::find_if(wants_.begin(), wants_.end(), [&](const Want& then) {
      return then.live == want->live && (then.live || (then.begin == want->begin && then.end == want->end));
    });
    ASSERT_NE(same, wants_.end()) << "no such want: " << want->begin << " to " << want->end;
    names_[same->want] = want->want;
  }
  [[nodiscard]] std::size_t queued() const override { return 0; }
  void close(std::string_view reason) override { closed = reason; }

  /// The message with the reader's name of the want in it; nullopt while the reader did not ask for it.
  [[nodiscard]] std::optional<Message> renamed(Message message) const {
    const auto rename = [this](std::uint64_t& want) {
      const auto name = names_.find(want);
      if (name == names_.end()) return false;
      want = name->second;
      return true;
    };
    bool known = true;
    if (auto* data = std::get_if<Data>(&message.body)) known = rename(data->want);
    if (auto* push = std::get_if<Push>(&message.body)) known = rename(push->want);
    if (auto* end = std::get_if<WantEnd>(&message.body)) known = rename(end->want);
    return known ? std::optional(std::move(message)) : std::nullopt;
  }

  std::string closed;

 private:
  std::vector<Want> wants_;
  std::map<std::uint64_t, std::uint64_t> names_;  // then -> now
};

TEST(GoldenSession, AReaderTakesWhatAPublisherOfThenSent) {
  const auto lines = golden();
  simulation::SwarmWorld world;
  testing::fill_golden_feed(world);
  simulation::WholeMirror mirror(world, "mirror", 1);
  const auto publisher = std::make_shared<FormerPublisher>(lines);
  const PeerId peer =
      mirror.replicator().add_peer({"127.0.0.1:1", "memory", true}, world.publisher.node_key(), publisher);
  std::vector<Message> waiting;
  for (const std::string phase : {"catching up", "live"}) {
    for (Message& message : messages_of(lines, "publisher>mirror", phase)) {
      auto now = publisher->renamed(std::move(message));
      ASSERT_TRUE(now.has_value()) << "the reader did not ask for this by now";
      mirror.replicator().on_message(peer, *std::move(now));
      world.time.run_for(10ms);
    }
    EXPECT_EQ(mirror.held(), phase == "live" ? 46U : 40U);
  }
  EXPECT_TRUE(mirror.events.blames.empty());
  EXPECT_EQ(publisher->closed, "");
  mirror.replicator().remove_peer(peer);
}

/// Keeps what a publisher of today sends.
struct FormerReader final : Outbox {
  void send(Message message) override { sent.push_back(std::move(message)); }
  [[nodiscard]] std::size_t queued() const override { return 0; }
  void close(std::string_view reason) override { closed = reason; }
  template <class Body>
  [[nodiscard]] std::vector<Body> of() const {
    std::vector<Body> out;
    for (const Message& message : sent) {
      if (const auto* body = std::get_if<Body>(&message.body)) out.push_back(*body);
    }
    return out;
  }
  std::vector<Message> sent;
  std::string closed;
};

TEST(GoldenSession, APublisherAnswersWhatAReaderOfThenAsked) {
  const auto lines = golden();
  simulation::SwarmWorld world;
  testing::fill_golden_feed(world);
  const auto reader = std::make_shared<FormerReader>();
  const PeerId peer = world.publisher.replicator().add_peer({"127.0.0.1:1", "memory", false}, PublicKey{}, reader);
  for (Message& message : messages_of(lines, "mirror>publisher", "catching up")) {
    world.publisher.replicator().on_message(peer, std::move(message));
    world.time.run_for(10ms);
  }
  const auto blocks = [&reader] {
    std::vector<std::uint64_t> out;
    for (const Data& run : reader->of<Data>()) {
      for (const auto& block : run.blocks) out.push_back(block.index.value());
    }
    return out;
  };
  EXPECT_EQ(blocks(), feed::testing::span(0, 40));
  // Its live want stands: the first block comes with proof, the next ones are pushed as the credit after it allows.
  world.publish_many(1, 1, 300);
  world.time.run_for(100ms);
  EXPECT_EQ(blocks(), feed::testing::span(0, 41));
  for (Message& message : messages_of(lines, "mirror>publisher", "live")) {
    if (std::holds_alternative<Credit>(message.body)) world.publisher.replicator().on_message(peer, std::move(message));
  }
  world.publish_many(1, 1, 300);
  world.time.run_for(100ms);
  EXPECT_EQ(reader->of<Push>().size(), 1U);
  EXPECT_EQ(reader->closed, "");
  world.publisher.replicator().remove_peer(peer);
}

}  // namespace
}  // namespace shoal::replication
