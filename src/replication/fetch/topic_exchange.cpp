#include "replication/fetch/topic_exchange.h"

#include <algorithm>
#include <utility>

namespace shoal::replication {
namespace {

constexpr base::MonoTime kAnswerTimeout = std::chrono::seconds(5);
constexpr std::uint32_t kPageEntries = 256;

}  // namespace

void TopicExchange::fetch(const std::string& topic, base::MonoTime timeout, Done done) {
  Job& job = jobs_[topic];
  if (job.done.empty()) {
    job.topic = topic;
    job.scan_all = topic.empty();
  }
  const base::MonoTime deadline = timeout.count() == 0 ? base::MonoTime::max() : core_.now() + timeout;
  job.deadline = std::max(job.deadline, deadline);
  job.done.push_back(std::move(done));
  start(job);
}

const TopicExchange::Known* TopicExchange::known(const std::string& topic) const {
  const auto found = known_.find(topic);
  if (found != known_.end()) return &found->second;
  return absent_ ? &*absent_ : nullptr;
}

bool TopicExchange::is_fresh(const std::string& topic) const {
  const Known* known = this->known(topic);
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  return known != nullptr && ours && known->head.same_history(*ours);
}

void TopicExchange::start(Job& job) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (job.request != 0 || !ours || core_.store_closed()) return;
  if (!job.head.same_history(*ours)) {
    restart(job);
    job.head = *ours;
  }
  for (const auto& [id, peer] : core_.peers()) {
    if (peer->gone || job.tried.contains(id) || !peer->view.head || peer->head_size() < ours->tree_size) continue;
    if (!core_.may_ask(*peer) || open_[id] >= kMostOfPeer) continue;
    job.request = core_.fresh_id();
    job.peer = id;
    ++open_[id];
    job.sent = core_.now();
    TopicStateRequest request;
    request.request = job.request;
    if (!job.scan_all && !job.position) request.topic = job.topic;
    request.from = job.scan_all || job.position ? job.position.value_or(0) : 0;
    // A topic has one partition as a rule: it and its neighbour are enough to know that.
    request.count = request.topic.empty() ? kPageEntries : 2;
    return core_.send(*peer, request);
  }
}

std::uint64_t TopicExchange::end_question(Job& job) {
  if (job.request != 0) --open_[job.peer];
  return std::exchange(job.request, 0);
}

void TopicExchange::restart(Job& job) {
  job.scan_all = job.topic.empty();
  job.position.reset();
  job.entries.clear();
  job.tried.clear();
  job.denied.reset();
}

void TopicExchange::on_reply(PeerId id, Peer& peer, const TopicStateReply& reply) {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](const auto& item) {
    return item.second.request == reply.request && item.second.peer == id;
  });
  if (found == jobs_.end()) {
    const bool late = peer.given_up.topics.contains(reply.request);
    return late ? void() : core_.blame(peer, "a topic state to no question");
  }
  Job& job = found->second;
  end_question(job);
  if (reply.answer == TopicAnswer::not_held) {
    job.tried.insert(id);
    return start(job);
  }
  if (!heads_.check_signature(peer, reply.head)) return start(job);
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!ours || !reply.head.same_history(*ours)) {
    // Its head moved on, or ours did. A newer one is taken up as any announcement is; then the question comes again.
    if (!peer.view.head || reply.head.tree_size > peer.head_size()) heads_.on_head(id, peer, reply.head);
    if (ours && reply.head.tree_size < ours->tree_size) job.tried.insert(id);
    return;
  }
  if (!job.head.same_history(*ours)) return start(job);
  take_page(job, id, peer, reply);
}

void TopicExchange::take_page(Job& job, PeerId id, Peer& peer, const TopicStateReply& reply) {
  if (reply.answer == TopicAnswer::unknown_topic) {
    if (job.scan_all || job.position || !reply.entries.empty()) {
      return core_.blame(peer, "a topic state that ends before its signed count");
    }
    job.scan_all = true;
    job.denied = id;
    return start(job);
  }
  if (!check_page(job, peer, reply)) return start(job);
  for (std::size_t i = 0; i < reply.entries.size(); ++i) {
    const std::uint32_t position = reply.first + static_cast<std::uint32_t>(i);
    Result<void> added = core_.mirror()->add_topic_entry(reply.entries[i].entry, position, reply.entries[i].path);
    if (!added) {
      core_.refused(peer, added.error(), "a topic-state entry does not prove");
      return start(job);
    }
  }
  if (add_entries(job, reply)) return complete(job);
  job.position = reply.first + static_cast<std::uint32_t>(reply.entries.size());
  start(job);
}

bool TopicExchange::check_page(const Job& job, Peer& peer, const TopicStateReply& reply) {
  const auto bad = [&](std::string_view what) {
    core_.blame(peer, what);
    return false;
  };
  if (reply.entries.empty()) return bad("a topic state without entries");
  const bool placed = job.scan_all || job.position;
  if (placed && reply.first != job.position.value_or(0)) return bad("a topic state from another place");
  if (reply.first >= reply.head.topic_count || reply.entries.size() > reply.head.topic_count - reply.first) {
    return bad("more topic-state entries than the head signs");
  }
  const TopicPartition& first = reply.entries.front().entry.stream;
  if (!placed && (first.topic != job.topic || first.partition != Partition{0})) {
    return bad("the topic state of another topic");
  }
  for (std::size_t i = 0; i < reply.entries.size(); ++i) {
    const auto& item = reply.entries[i];
    Result<void> good = feed::verify_topic_entry(item.entry, reply.first + static_cast<std::uint32_t>(i),
                                                 reply.head.topic_count, reply.head.topic_root, item.path);
    // What the head signs and what cannot be is the owner's: FeedMirror keeps that.
    if (!good && good.error().code != Code::contradiction)
      return bad("a topic-state entry does not prove: " + good.error().message);
  }
  return true;
}

bool TopicExchange::add_entries(Job& job, const TopicStateReply& reply) {
  for (const TopicStateReply::Entry& item : reply.entries) {
    const bool wanted = job.topic.empty() || item.entry.stream.topic == job.topic;
    if (wanted) {
      job.entries.push_back(item.entry);
    } else if (!job.scan_all) {
      return true;  // the neighbour: the topic's partitions end here
    }
  }
  return reply.first + reply.entries.size() >= reply.head.topic_count;
}

void TopicExchange::complete(Job& job) {
  if (job.denied && !job.entries.empty() && !job.topic.empty()) {
    if (Peer* liar = core_.find(*job.denied)) core_.blame(*liar, "it denied a topic that the head signs");
  }
  if (!job.topic.empty()) {
    known_[job.topic] = Known{job.head, std::move(job.entries)};
  } else {
    known_.clear();
    absent_ = Known{job.head, {}};
    for (feed::TopicStateEntry& entry : job.entries) {
      Known& known = known_[entry.stream.topic];
      known.head = job.head;
      known.entries.push_back(std::move(entry));
    }
  }
  finish(std::string(job.topic), {});
}

void TopicExchange::finish(const std::string& topic, const Result<void>& result) {
  const auto found = jobs_.find(topic);
  give_up(found->second);
  for (Done& done : found->second.done) {
    core_.later([done = std::move(done), result] { done(result); });
  }
  jobs_.erase(found);
}

void TopicExchange::give_up(Job& job) {
  const std::uint64_t request = end_question(job);
  if (Peer* peer = core_.find(job.peer); peer != nullptr && request != 0) peer->given_up.topics.add(request);
}

void TopicExchange::forget(PeerId id) {
  for (auto& [topic, job] : jobs_) {
    if (job.request == 0 || job.peer != id) continue;
    end_question(job);
    start(job);
  }
  open_.erase(id);
}

void TopicExchange::resume() {
  for (auto& [topic, job] : jobs_) start(job);
}

void TopicExchange::tick() {
  const base::MonoTime now = core_.now();
  std::vector<std::string> late;
  for (auto& [topic, job] : jobs_) {
    if (now >= job.deadline) {
      late.push_back(topic);
      continue;
    }
    if (job.request != 0 && now - job.sent > kAnswerTimeout) {
      give_up(job);
      job.tried.insert(job.peer);
    }
    start(job);
  }
  for (const std::string& topic : late) {
    finish(topic, Error{Code::timed_out, "no peer sent the signed state of the topic in time"});
  }
}

}  // namespace shoal::replication
