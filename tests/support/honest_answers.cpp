#include "support/honest_answers.h"

namespace shoal::testing {
namespace {

using namespace replication;

constexpr RawPeer::Milliseconds kPatience{5000};
/// Enough for the first run of any want.
constexpr std::uint64_t kCredit = 70'000;

/// What the asker calls its question; null for what is none.
std::uint64_t* name_of(Body& body) {
  if (auto* growth = std::get_if<Growth>(&body)) return &growth->request;
  if (auto* topics = std::get_if<TopicStateRequest>(&body)) return &topics->request;
  if (auto* lookup = std::get_if<Lookup>(&body)) return &lookup->request;
  if (auto* want = std::get_if<Want>(&body)) return &want->want;
  return nullptr;
}

void rename(Body& reply, std::uint64_t name) {
  if (auto* growth = std::get_if<GrowthReply>(&reply)) growth->request = name;
  if (auto* topics = std::get_if<TopicStateReply>(&reply)) topics->request = name;
  if (auto* lookup = std::get_if<LookupReply>(&reply)) lookup->request = name;
  if (auto* data = std::get_if<Data>(&reply)) data->want = name;
  if (auto* end = std::get_if<WantEnd>(&reply)) end->want = name;
}

}  // namespace

bool HonestAnswers::start() {
  const auto head = meet();
  if (head) head_ = *head;
  return head.has_value();
}

std::optional<feed::Checkpoint> HonestAnswers::meet() {
  if (!peer_.connect(source_) || !peer_.join(feed_) || !peer_.open_session(feed_)) return std::nullopt;
  if (!peer_.send(NoHead{})) return std::nullopt;
  while (const auto message = peer_.receive(kPatience)) {
    if (const auto* head = std::get_if<Head>(&message->body)) return head->head;
    if (std::holds_alternative<NoHead>(message->body)) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Body> HonestAnswers::answer(const Body& asked) {
  if (const auto* ping = std::get_if<Ping>(&asked)) return Pong{ping->nonce};
  Body question = asked;
  std::uint64_t* name = name_of(question);
  if (name == nullptr) return std::nullopt;
  const std::uint64_t theirs = std::exchange(*name, 0);
  if (auto* want = std::get_if<Want>(&question)) {
    want->credit = kCredit;
    // Of a live want the answer to all before is of use; a node may be too busy for the rest.
    want->live = false;
    want->end = head_.tree_size;
    if (want->begin >= want->end) return std::nullopt;
  }
  Bytes key;
  encode_message({.body = question}, key);
  const std::lock_guard lock(mutex_);
  auto known = known_.find(key);
  if (known == known_.end()) {
    const auto reply = ask(question);
    if (!reply) return std::nullopt;
    known = known_.emplace(key, *reply).first;
  }
  Body reply = known->second;
  rename(reply, theirs);
  return reply;
}

std::optional<Body> HonestAnswers::ask(const Body& asked) {
  Body question = asked;
  const std::uint64_t name = ++names_;
  *name_of(question) = name;
  // Nobody reads between two questions: when they are far apart the source has given up on us.
  if (peer_.closed() && !meet()) return std::nullopt;
  if (!peer_.send(question)) return std::nullopt;
  while (const auto message = next()) {
    const Body& body = message->body;
    const bool answers = std::holds_alternative<GrowthReply>(body) || std::holds_alternative<TopicStateReply>(body) ||
                         std::holds_alternative<LookupReply>(body) || std::holds_alternative<Data>(body) ||
                         std::holds_alternative<WantEnd>(body);
    if (!answers) continue;
    if (std::holds_alternative<Data>(body) && !peer_.send(Cancel{name})) return std::nullopt;
    return body;
  }
  return std::nullopt;
}

std::optional<Message> HonestAnswers::next() {
  while (auto message = peer_.receive(kPatience)) {
    const auto* ping = std::get_if<Ping>(&message->body);
    if (ping == nullptr) return message;
    if (!peer_.send(Pong{ping->nonce})) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace shoal::testing
