/// A mirror that lies: it replicates a feed honestly, and flips bits in what it serves. For tests and the demo; never
/// installed.
///
///     hostile_mirror FEED --data DIR [--lie KIND] [--topic TOPIC] [--listen HOST:PORT] [--bootstrap HOST:PORT]…
///                    [--peer HOST:PORT]… [--no-dht] [--no-lsd]
///
/// KIND: payload (default), header, cover, head, topic-state, or withhold (the newest block of TOPIC). Prints on stderr
/// what `shoal mirror` prints: `listening HOST:PORT`, `synced HEX TREE_SIZE`. Runs until it is killed.

#include "node/local_node.h"
#include "support/hostile_outbox.h"

#include <cstdio>
#include <mutex>

namespace {

using namespace shoal;
using namespace std::chrono_literals;

struct Arguments {
  NodeOptions node;
  std::string feed;
  testing::HostileOutbox::Options hostile;
};

[[noreturn]] void fail(const std::string& text) {
  std::fprintf(stderr, "hostile_mirror: %s\n", text.c_str());
  std::exit(1);
}

Arguments parse(int argc, char** argv) {
  Arguments out;
  out.node.listen = {"127.0.0.1:0"};
  const std::vector<std::string> words(argv + 1, argv + argc);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto value = [&]() -> const std::string& {
      if (i + 1 == words.size()) fail(word + " needs a value");
      return words[++i];
    };
    if (word == "--data") {
      out.node.data_dir = value();
    } else if (word == "--listen") {
      out.node.listen = {value()};
    } else if (word == "--bootstrap") {
      out.node.bootstrap.push_back(value());
    } else if (word == "--peer") {
      out.node.peers.push_back(value());
    } else if (word == "--no-dht") {
      out.node.dht = false;
    } else if (word == "--no-lsd") {
      out.node.lsd = false;
    } else if (word == "--topic") {
      out.hostile.topic = value();
    } else if (word == "--lie") {
      const auto lie = testing::parse_lie(value());
      if (!lie) fail("no such lie: " + words[i]);
      out.hostile.lie = *lie;
    } else if (word.starts_with("--")) {
      fail("unknown option " + word);
    } else {
      out.feed = word;
    }
  }
  return out;
}

/// The newest block of a topic here, as last looked up.
class NewestBlock {
 public:
  void set(std::optional<BlockIndex> block) {
    const std::lock_guard lock(mutex_);
    block_ = block;
  }
  [[nodiscard]] std::optional<BlockIndex> get() const {
    const std::lock_guard lock(mutex_);
    return block_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<BlockIndex> block_;
};

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments = parse(argc, argv);
  NewestBlock newest;
  // Honest until it has the feed, in this run or a former one: nobody would give it to a liar.
  const auto armed = std::make_shared<std::atomic<bool>>(false);
  arguments.hostile.armed = armed;
  arguments.hostile.newest = [&newest] { return newest.get(); };
  const auto wrap = [options = arguments.hostile](std::shared_ptr<replication::Outbox> to) {
    return std::make_shared<testing::HostileOutbox>(std::move(to), options);
  };
  const auto node = node::LocalNode::open(arguments.node, wrap);
  if (!node) fail(node.error().message);
  std::fprintf(stderr, "listening %s\n", (*node)->listening().c_str());
  const auto feed = (*node)->reading().resolve(arguments.feed);
  if (!feed) fail(feed.error().message);
  const auto held = (*node)->reading().info(*feed, {});
  *armed = held && held->tree_size > 0 && held->held_blocks == held->tree_size;
  const auto mirror = (*node)->keeping().mirror(*feed, {});
  if (!mirror) fail(mirror.error().message);
  for (;;) {
    const auto size = (*mirror)->wait_synced({1h});
    if (!size && size.error().code != Code::timed_out) fail(size.error().message);
    if (!size) continue;
    if (arguments.hostile.lie == testing::Lie::withhold) {
      const auto info = (*node)->reading().info(*feed, {});
      for (const TopicInfo& topic : info ? info->topics : std::vector<TopicInfo>{}) {
        if (topic.name != arguments.hostile.topic || topic.end_offset.value() == 0) continue;
        const auto last =
            (*node)->reading().get({feed->feed, topic.name, topic.partition, topic.end_offset - 1}, {}, {1s});
        if (last && !last->empty()) newest.set(last->views().front().block);
      }
    }
    *armed = true;
    std::fprintf(stderr, "synced %s %llu\n", feed->feed.hex().c_str(), static_cast<unsigned long long>(*size));
  }
}
