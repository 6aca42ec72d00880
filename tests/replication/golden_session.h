#pragma once

#include "base/bytes.h"
#include "simulation/swarm_world.h"

#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// One session of the first release, message by message (tests/vectors/golden_session.txt): what its nodes sent must be
/// understood for ever. Each line is a side and the encoded message in hex, or the name of a phase.
namespace shoal::replication::testing {

using namespace std::chrono_literals;

struct SessionLine {
  std::string side;  ///< `publisher>mirror`, `mirror>publisher`, the same with `reader`, or `phase`
  std::string text;  ///< hex of the message, or the phase's name
  [[nodiscard]] Bytes bytes() const { return base::from_hex(text).value(); }
};

/// Writes down what one side sends.
class RecordedOutbox final : public Outbox {
 public:
  RecordedOutbox(std::shared_ptr<Outbox> to, std::string side, std::vector<SessionLine>& lines)
      : to_(std::move(to)), side_(std::move(side)), lines_(lines) {}
  void send(Message message) override {
    Message sent = message;
    sent.channel = 1;
    Bytes bytes;
    encode_message(sent, bytes);
    lines_.push_back({side_, base::to_hex(bytes)});
    to_->send(std::move(message));
  }
  [[nodiscard]] std::size_t queued() const override { return to_->queued(); }
  void close(std::string_view reason) override { to_->close(reason); }
  void note_given(std::uint64_t blocks) override { to_->note_given(blocks); }

 private:
  std::shared_ptr<Outbox> to_;
  std::string side_;
  std::vector<SessionLine>& lines_;
};

/// What the golden publisher has before anybody comes: 40 blocks of three topics.
inline void fill_golden_feed(simulation::SwarmWorld& world) { world.publish_many(40, 3, 200); }

/// The session: a mirror catches up, gets two pushes and a heartbeat, and gives a receipt's worth of questions; a
/// second reader asks for one offset and for the topics.
inline std::vector<SessionLine> record_session() {
  std::vector<SessionLine> lines;
  const auto record = [&lines](std::string side) {
    return [&lines, side](std::shared_ptr<Outbox> to) -> std::shared_ptr<Outbox> {
      return std::make_shared<RecordedOutbox>(std::move(to), side, lines);
    };
  };
  simulation::SwarmWorld world;
  fill_golden_feed(world);
  simulation::WholeMirror mirror(world, "mirror", 1);
  world.publisher.wrap_outbox = record("publisher>mirror");
  mirror.wrap_outbox = record("mirror>publisher");
  lines.push_back({"phase", "catching up"});
  mirror.connect(world.publisher);
  EXPECT_TRUE(world.wait([&] { return mirror.held() == 40 && !mirror.events.synced.empty(); }));
  world.time.run_for(1s);
  lines.push_back({"phase", "live"});
  for (std::uint64_t size = 41; size <= 46; ++size) {
    world.publish_many(1, 1, 300);
    EXPECT_TRUE(world.wait([&] { return mirror.held() == size; }));
    world.time.run_for(100ms);
  }
  lines.push_back({"phase", "questions"});
  simulation::SwarmNode reader(world.time, "reader", 2);
  reader.mirror(world.producer.id());
  world.publisher.wrap_outbox = record("publisher>reader");
  reader.wrap_outbox = record("reader>publisher");
  reader.connect(world.publisher);
  world.time.run_for(1s);
  bool answered = false;
  reader.replicator().fetch_offset(feed::testing::stream("t1"), Offset{3}, 10s, [&](const Result<BlockIndex>& block) {
    EXPECT_TRUE(block.ok());
    answered = true;
  });
  EXPECT_TRUE(world.wait([&] { return answered; }));
  answered = false;
  reader.replicator().fetch_topics({}, 10s, [&](const Result<void>& done) {
    EXPECT_TRUE(done.ok());
    answered = true;
  });
  EXPECT_TRUE(world.wait([&] { return answered; }));
  return lines;
}

inline void write_session(const std::vector<SessionLine>& lines, std::ostream& out) {
  for (const SessionLine& line : lines) out << line.side << ' ' << line.text << '\n';
}

inline std::vector<SessionLine> read_session(std::istream& in) {
  std::vector<SessionLine> lines;
  for (std::string line; std::getline(in, line);) {
    const std::size_t space = line.find(' ');
    if (space != std::string::npos) lines.push_back({line.substr(0, space), line.substr(space + 1)});
  }
  return lines;
}

}  // namespace shoal::replication::testing
