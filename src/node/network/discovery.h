#pragma once

#include "base/clock.h"
#include "base/log_sink.h"
#include "base/random.h"
#include "feed/format/checkpoint.h"
#include "node/directory/peer_book.h"
#include "node/feeds/feed_host.h"
#include "node/runtime/worker_pool.h"
#include "swarm/hint_schedule.h"
#include "swarm/swarm.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace shoal::node {

/// What a node does beside joining the swarm so that its feeds find peers: dials those of former runs, asks the swarm
/// for more when the present ones are few or suspect, and keeps head hints in the DHT. Thread-safe.
class Discovery final : public std::enable_shared_from_this<Discovery> {
 public:
  struct Parts {
    swarm::Swarm* swarm = nullptr;  ///< outlived by nothing that is called here: see stop()
    WorkerPool* pool = nullptr;
    const base::Clock* clock = nullptr;
    base::LogSink* log = nullptr;
    bool hints = true;  ///< there is a DHT
    bool private_network = false;
  };
  explicit Discovery(Parts parts);
  /// After construction.
  void start();
  /// Nothing is asked of the swarm any more once this returns.
  void stop();

  /// The feed was joined: its peers of former runs are dialled.
  void add(const std::shared_ptr<FeedHost>& host);
  void remove(const FeedId& feed);
  /// Who is connected now. On the feed's strand.
  void note_peers(FeedHost& host, const std::vector<replication::PeerView>& peers);
  /// The newest head of an own feed is this one.
  void note_head(const FeedId& feed, const feed::Checkpoint& head);

  /// A head that the owner signed and that is newer than the newest one here, as the DHT has it.
  [[nodiscard]] std::optional<feed::Checkpoint> hinted(const FeedId& feed) const;
  /// Asks the DHT now; stored() tells what it has.
  void ask_hint(const FeedId& feed);
  /// The newest head that was seen in the DHT since this node started.
  [[nodiscard]] std::optional<feed::Checkpoint> stored(const FeedId& feed) const;

 private:
  struct Entry {
    std::weak_ptr<FeedHost> host;
    PeerBook book;                           ///< on the feed's strand, once it was added
    std::size_t peers = 0;                   ///< under mutex_
    std::uint64_t own_size = 0;              ///< of the newest own head; under mutex_
    std::optional<feed::Checkpoint> stored;  ///< newest head that the DHT showed; under mutex_
  };

  [[nodiscard]] std::shared_ptr<Entry> find(const FeedId& feed) const;
  void tick();
  void exchange_hint(const FeedId& feed);
  void take_hint(const FeedId& feed, const feed::Checkpoint& head);
  void on_item(const PublicKey& key, const swarm::DhtItem& item);
  void save(FeedHost& host, const Entry& entry) const;

  Parts parts_;
  base::SeededRandom random_;
  std::shared_ptr<base::Executor> strand_;

  mutable std::mutex mutex_;
  std::map<FeedId, std::shared_ptr<Entry>> entries_;  ///< under mutex_
  std::map<PublicKey, FeedId> asked_;                 ///< whose items were asked for; under mutex_
  swarm::HintSchedule schedule_;                      ///< under mutex_
  bool stopped_ = false;                              ///< under mutex_
  std::mutex swarm_mutex_;                            ///< held while the swarm is used: stop() waits for it
};

}  // namespace shoal::node
