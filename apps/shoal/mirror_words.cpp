#include "mirror_words.h"

#include "node/api/acks_text.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace shoal::command {
namespace {

/// A mirror that follows needs the time of a flush and of one message; a new one must be found first.
constexpr std::chrono::milliseconds kMoment{1500};
constexpr std::chrono::milliseconds kFirstMoment{400};
/// A watch of the feed reports neither receipts nor peers that leave, so they are read again after this time.
constexpr std::chrono::milliseconds kAskAgain{50};

std::string whole(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

void say_node_key(Context& context, NodeSession& session) {
  if (const auto facts = session->facts(); facts.ok()) context.messages.notice("node key " + facts->node_key);
}

bool is_mirrored(Context& context, NodeSession& session, const node::FeedReference& feed) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    const auto info = session->reading().info(feed, {});
    // Without information no mirror is reported as missing.
    if (!info.ok()) return true;
    const auto holds = [&info](const MirrorInfo& mirror) {
      return mirror.tree_size >= info->tree_size && mirror.topics.empty();
    };
    if (std::any_of(info->mirrors.begin(), info->mirrors.end(), holds)) return true;
    const bool known = std::any_of(info->mirrors.begin(), info->mirrors.end(),
                                   [](const MirrorInfo& mirror) { return mirror.connected; });
    const auto peers = session->reading().peers(feed, {});
    const bool hopeless = !peers.ok() || peers->empty();
    const auto waited = std::chrono::steady_clock::now() - begin;
    if (hopeless || waited >= (known ? kMoment : kFirstMoment) || context.stop.stopped()) return false;
    std::this_thread::sleep_for(kAskAgain);
  }
}

void report_late_mirrors(Context& context, NodeSession& session, const node::FeedReference& feed, const Acks& acks,
                         std::chrono::milliseconds timeout) {
  const std::string asked =
      acks.level == Acks::Level::mirrors ? whole(acks.count, "mirror") : "mirrors " + node::acks_text(acks);
  const auto info = session->reading().info(feed, {});
  std::size_t connected = 0;
  std::string durable;
  if (info.ok()) {
    connected = static_cast<std::size_t>(std::count_if(info->mirrors.begin(), info->mirrors.end(),
                                                       [](const MirrorInfo& mirror) { return mirror.connected; }));
    for (const TopicInfo& topic : info->topics) {
      if (topic.end_offset == Offset(0)) continue;
      durable += (durable.empty() ? "" : ", ") + topic.name + " " + std::to_string(topic.partition.value()) + " " +
                 std::to_string(topic.end_offset.value() - 1);
    }
  }
  context.messages.error({Code::timed_out,
                          "not acknowledged by " + asked + ": nothing new came from them for " +
                              std::to_string(timeout.count() / 1000) + " s (" + whole(connected, "mirror") +
                              " connected)",
                          "nothing is lost: shoal info " + feed.name +
                              " shows which mirrors hold what, and shoal node serves them the rest"});
  if (!durable.empty()) context.messages.warning("durable here: " + durable);
}

}  // namespace shoal::command
