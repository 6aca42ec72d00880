#include "replication/serve/request_server.h"

#include "merkle/subtree_cover.h"

namespace shoal::replication {

bool RequestServer::answers(const Body& body) {
  return std::holds_alternative<Growth>(body) || std::holds_alternative<Lookup>(body) ||
         std::holds_alternative<TopicStateRequest>(body) || std::holds_alternative<Ping>(body);
}

void RequestServer::on_request(PeerId id, Peer& peer, Body request) {
  std::deque<Request>& waiting = waiting_[id];
  if (waiting.size() >= kMaxWaiting) return core_.flood(peer, "asks more than it reads or may ask");
  waiting.push_back({std::move(request)});
  pump(id, peer);
}

void RequestServer::pump(PeerId id, Peer& peer) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  while (!found->second.empty() && !peer.gone && peer.outbox->queued() < kQueueLimit &&
         may_answer(peer, found->second.front())) {
    core_.send(peer, answer(found->second.front().body));
    found->second.pop_front();
  }
}

bool RequestServer::may_answer(Peer& peer, Request& request) {
  request.paid = request.paid || peer.budgets->messages.spend(request.body, core_.now());
  if (!request.paid || !std::holds_alternative<Growth>(request.body)) return request.paid;
  return all_growth_.take(peer.budgets->growth_share, core_.now());
}

Body RequestServer::answer(const Body& request) {
  if (const auto* growth = std::get_if<Growth>(&request)) return answer_growth(*growth);
  if (const auto* lookup = std::get_if<Lookup>(&request)) return answer_lookup(*lookup);
  if (const auto* topics = std::get_if<TopicStateRequest>(&request)) return answer_topics(*topics);
  return Pong{std::get<Ping>(request).nonce};
}

Body RequestServer::answer_growth(const Growth& growth) const {
  GrowthReply reply{growth.request, false, growth.from, growth.to, {}, {}};
  const std::optional<feed::Checkpoint> head = core_.reader().head();
  if (!head || growth.from > growth.to || growth.to > head->tree_size) return reply;
  Result<std::vector<Digest>> edge = core_.reader().tree().read(merkle::cover(0, growth.from));
  Result<std::vector<Digest>> cover = merkle::build_cover(core_.reader().tree(), growth.from, growth.to, {});
  if (!edge || !cover) return reply;
  reply.held = true;
  reply.edge = std::move(*edge);
  reply.cover = std::move(*cover);
  return reply;
}

Body RequestServer::answer_lookup(const Lookup& lookup) const {
  LookupReply reply{lookup.request, std::nullopt};
  const Result<std::optional<BlockIndex>> block =
      lookup.by == LookupBy::offset ? core_.reader().block_of_offset(lookup.stream, Offset{lookup.value})
                                    : core_.reader().block_of_time(lookup.stream, UnixMs{lookup.value});
  if (block) reply.block = *block;
  return reply;
}

Body RequestServer::answer_topics(const TopicStateRequest& request) {
  TopicStateReply reply;
  reply.request = request.request;
  // Own feeds grow beside us: an answer counts only when the head was the same before and after finding it.
  for (int attempt = 0; attempt < 8; ++attempt) {
    const std::optional<feed::Checkpoint> head = core_.reader().head();
    if (!head) return reply;
    const auto position = request.topic.empty() ? std::optional<std::uint32_t>(0) : position_of(request.topic);
    if (!position) {
      // Who holds some topics only cannot say that there is no other one; an asker takes a wrong denial for a lie.
      if (core_.reader().known_entries().size() < head->topic_count) return reply;
      if (core_.reader().head() != head) continue;
    }
    const std::uint64_t first = request.from + position.value_or(0);
    if (!position || first >= head->topic_count) {
      reply.answer = TopicAnswer::unknown_topic;
      reply.head = *head;
      return reply;
    }
    reply = read_entries(*head, static_cast<std::uint32_t>(first), attempt < 4 ? request.count : 1);
    reply.request = request.request;
    if (core_.reader().head() == head) return reply;
  }
  return TopicStateReply{.request = request.request};
}

TopicStateReply RequestServer::read_entries(const feed::Checkpoint& head, std::uint32_t first,
                                            std::uint32_t count) const {
  TopicStateReply reply;
  reply.answer = TopicAnswer::entries;
  reply.head = head;
  reply.first = first;
  std::size_t size = encoded_size(reply);
  for (std::uint64_t at = first; at < head.topic_count && at - first < count; ++at) {
    Result<feed::FeedReader::ProvenEntry> proven = core_.reader().topic_entry(static_cast<std::uint32_t>(at));
    if (!proven) break;
    size += 1 + proven->entry.stream.topic.size() + 4 + 8 + 8 + 8 + 2 + 32 * proven->path.size();
    if (size > kMaxPlainMessage) break;
    reply.entries.push_back({std::move(proven->entry), std::move(proven->path)});
  }
  if (reply.entries.empty()) return TopicStateReply{};
  return reply;
}

std::optional<std::uint32_t> RequestServer::position_of(const std::string& topic) {
  const auto found = positions_.find(topic);
  if (found != positions_.end()) return found->second;
  const std::vector<std::uint32_t> known = core_.reader().known_entries();
  if (known.size() == indexed_) return std::nullopt;
  for (const std::uint32_t position : known) {
    Result<feed::FeedReader::ProvenEntry> proven = core_.reader().topic_entry(position);
    if (!proven || proven->entry.stream.partition != Partition{0}) continue;
    positions_.emplace(proven->entry.stream.topic, position);
  }
  indexed_ = known.size();
  const auto again = positions_.find(topic);
  return again == positions_.end() ? std::nullopt : std::optional<std::uint32_t>(again->second);
}

}  // namespace shoal::replication
