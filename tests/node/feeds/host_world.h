#pragma once

#include "feed/feed_world.h"
#include "node/feeds/feed_host.h"
#include "simulation/virtual_time.h"

/// An open mirrored feed of a node without network, threads or a clock of its own.
namespace shoal::node::testing {

struct HostWorld {
  explicit HostWorld(std::uint8_t seed = 7)
      : feed{feed::testing::test_key(seed).public_key()},
        store(*store::open_rocks_store("host", store::Backing::memory, log)) {}

  [[nodiscard]] FeedHost::Context context() {
    FeedHost::Context context;
    context.stores = {store.get(), store.get()};
    context.strand = std::make_shared<simulation::VirtualExecutor>(time);
    context.flusher = context.strand;
    context.clock = &time;
    context.log = &log;
    context.online = true;
    return context;
  }
  /// Own feeds have no mirror.
  std::shared_ptr<FeedHost> open(bool own = false) { return *FeedHost::open(feed, own, context()); }

  simulation::VirtualTime time;
  base::NullLogSink log;
  FeedId feed;
  std::unique_ptr<store::KvStore> store;
};

}  // namespace shoal::node::testing
