#include "node/doctor/doctor_checks.h"
#include "node/doctor/doctor_text.h"
#include "swarm/head_hint.h"

#include <algorithm>

/// Checks of the feed that is asked about.
namespace shoal::node {
namespace {

std::string head_text(const feed::Checkpoint& head, UnixMs now) {
  const std::int64_t age = now.value() - head.time.value();
  return counted(head.tree_size, "block") + ", signed " + duration_text(age) + (age < 0 ? " from now" : " ago");
}

std::optional<feed::Checkpoint> newest_announced(const std::vector<replication::PeerView>& peers) {
  std::optional<feed::Checkpoint> newest;
  for (const auto& peer : peers) {
    if (peer.head && (!newest || peer.head->tree_size > newest->tree_size)) newest = peer.head;
  }
  return newest;
}

}  // namespace

DoctorCheck check_peers(const NetworkFindings& found, const FeedFindings& feed) {
  const auto suspect = static_cast<std::uint64_t>(
      std::count_if(found.peers.begin(), found.peers.end(), [](const auto& peer) { return peer.suspect; }));
  if (!found.peers.empty()) {
    std::string text = counted(found.peers.size(), "peer");
    if (suspect > 0) text += ", " + std::to_string(suspect) + " of them silent";
    const bool good = suspect < found.peers.size();
    return {"peers", good ? Verdict::ok : Verdict::warning, text, good ? "" : "others are being looked for", true};
  }
  const std::size_t us = found.announce_seen ? 1 : 0;
  const std::size_t others = found.announced_addresses.size() - std::min(us, found.announced_addresses.size());
  if (feed.own) {
    return {"peers", Verdict::warning, "nobody reads or mirrors this feed now",
            "others need its id or link: shoal link NAME", true};
  }
  if (others > 0) {
    return {"peers", Verdict::problem,
            "the DHT names " + std::to_string(others) + (others == 1 ? " address" : " addresses") +
                " for this feed, and nobody there is a peer",
            "they may be gone, behind NAT, or of a network kind (public, private) that is not yours", true};
  }
  return {"peers", Verdict::problem, "nobody who has this feed was found",
          "is the id right, and does a node that holds the feed run in the same network? --peer HOST:PORT dials it",
          true};
}

DoctorCheck check_head(const NetworkFindings& found, const FeedFindings& feed) {
  if (feed.forked) {
    return {"head", Verdict::problem, "the owner signed two histories of this feed: it takes nothing more",
            "what lies before the fork stays readable", true};
  }
  if (feed.contradicted) {
    return {"head", Verdict::problem, "the owner signed what contradicts itself: it takes nothing more",
            "shoal info says where; what was verified before stays readable", true};
  }
  const auto newest = newest_announced(found.peers);
  if (!feed.head) {
    if (newest) return {"head", Verdict::ok, "none held; peers have " + head_text(*newest, feed.now), "", false};
    return {"head", feed.own ? Verdict::warning : Verdict::problem, "none is known",
            feed.own ? "nothing was published yet" : "see peers", true};
  }
  const std::string held = head_text(*feed.head, feed.now) + ", " + counted(feed.held_blocks, "payload") + " held";
  if (newest && newest->tree_size > feed.head->tree_size) {
    return {"head", Verdict::warning, held + "; peers have " + head_text(*newest, feed.now),
            "who reads or mirrors the feed fetches it", false};
  }
  return {"head", Verdict::ok, held, "", false};
}

DoctorCheck check_hint(const NetworkFindings& found, const FeedFindings& feed) {
  if (!feed.stored) {
    const bool has_one = feed.own && feed.head;
    return {"hint", has_one ? Verdict::warning : Verdict::ok, "the DHT has no head of this feed",
            has_one ? "it is stored a moment after the start; see dht" : "", true};
  }
  const std::string text = "the DHT has the head of " + head_text(*feed.stored, feed.now);
  const bool newer = !feed.head || swarm::is_newer_head(*feed.stored, *feed.head);
  if (!newer || !found.peers.empty()) return {"hint", Verdict::ok, text, "", false};
  return {"hint", Verdict::warning, text + ", and nobody who has it answers",
          "its owner or a mirror was there lately: try again later", true};
}

}  // namespace shoal::node
