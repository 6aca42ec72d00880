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

/// Helps the swarm to find peers of the node's feeds, in three ways: it dials the peers of earlier runs (PeerBook), so
/// that a restart needs no DHT; it asks the swarm for more when the present peers are few or suspect, because a feed
/// whose only peer dies otherwise waits for the next announcement; and it keeps head hints in the DHT
/// (swarm/head_hint.h), by which a reader without an up-to-date peer learns that a newer head exists. Thread-safe.
class Discovery final : public std::enable_shared_from_this<Discovery> {
 public:
  struct Context {
    swarm::Swarm* swarm = nullptr;  ///< must stay alive until stop() returned
    WorkerPool* pool = nullptr;
    const base::Clock* clock = nullptr;
    base::LogSink* log = nullptr;
    bool hints = true;  ///< false: there is no DHT
    bool private_network = false;
  };
  explicit Discovery(Context context);
  /// To be called once, after construction.
  void start();
  /// After this returned, the swarm is not used any more.
  void stop();

  /// The feed was joined: dials its peers of earlier runs.
  void add(const std::shared_ptr<FeedHost>& host);
  void remove(const FeedId& feed);
  /// The peers that are connected now. To be called on the feed's strand.
  void note_peers(FeedHost& host, const std::vector<replication::PeerView>& peers);
  /// The own feed has this newest head.
  void note_head(const FeedId& feed, const feed::Checkpoint& head);

  /// The head in the DHT, if it is newer than the newest one here. The owner signed it.
  [[nodiscard]] std::optional<feed::Checkpoint> hinted(const FeedId& feed) const;
  /// Looks the hint up in the DHT now; stored() returns the result.
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

  Context context_;
  base::SeededRandom random_;
  std::shared_ptr<base::Executor> strand_;

  mutable std::mutex mutex_;
  std::map<FeedId, std::shared_ptr<Entry>> entries_;  ///< under mutex_
  std::map<PublicKey, FeedId> asked_;                 ///< feeds whose items were asked for; under mutex_
  swarm::HintSchedule schedule_;                      ///< under mutex_
  bool stopped_ = false;                              ///< under mutex_
  std::mutex swarm_mutex_;                            ///< held while the swarm is used: stop() waits for it
};

}  // namespace shoal::node
