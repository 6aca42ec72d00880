#include "swarm/libtorrent/dht_questions.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "crypto/signature.h"
#include "swarm/libtorrent/endpoints.h"

#include <libtorrent/alert_types.hpp>
#include <libtorrent/entry.hpp>

#include <algorithm>

namespace shoal::swarm {
namespace {

/// Bound on the requests that are kept; users (`shoal doctor`) make few at a time.
constexpr std::size_t kMaxKept = 256;

std::string text_of(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

std::optional<DhtItem> item_of(const lt::entry& value, std::int64_t seq) {
  if (value.type() != lt::entry::string_t) return std::nullopt;
  const std::string& text = value.string();
  return DhtItem{seq, Bytes(text.begin(), text.end())};
}

/// BEP 44: the signed text of an item without salt.
std::string signed_text(const DhtItem& item) {
  return "3:seqi" + std::to_string(item.seq) + "e1:v" + std::to_string(item.value.size()) + ":" + text_of(item.value);
}

}  // namespace

lt::sha1_hash info_hash(const crypto::Digest& discovery_key) {
  return lt::sha1_hash(reinterpret_cast<const char*>(discovery_key.bytes.data()));
}

void DhtQuestions::look_up(const crypto::Digest& discovery_key) {
  {
    const std::lock_guard lock(mutex_);
    if (looked_up_.size() >= kMaxKept) looked_up_.clear();
    looked_up_[info_hash(discovery_key)].clear();
  }
  session_->dht_get_peers(info_hash(discovery_key));
}

std::vector<std::string> DhtQuestions::looked_up(const crypto::Digest& discovery_key) const {
  const std::lock_guard lock(mutex_);
  const auto found = looked_up_.find(info_hash(discovery_key));
  if (found == looked_up_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void DhtQuestions::ping(const std::string& host_port) {
  std::set<lt::udp::endpoint> endpoints;
  for (const auto& endpoint : resolve_endpoint(host_port)) endpoints.insert({endpoint.address(), endpoint.port()});
  {
    const std::lock_guard lock(mutex_);
    if (answers_.size() >= kMaxKept || pinged_.size() >= kMaxKept) {
      answers_.clear();
      pinged_.clear();
    }
    pinged_[host_port] = endpoints;
    for (const auto& endpoint : endpoints) answers_[endpoint] = std::nullopt;
  }
  for (const auto& endpoint : endpoints) {
    lt::entry question;
    question["q"] = "ping";
    session_->dht_direct_request(endpoint, question);
  }
}

std::optional<bool> DhtQuestions::answered(const std::string& host_port) const {
  const std::lock_guard lock(mutex_);
  const auto asked = pinged_.find(host_port);
  if (asked == pinged_.end()) return std::nullopt;
  bool open = false;
  for (const auto& endpoint : asked->second) {
    const auto answer = answers_.find(endpoint);
    if (answer == answers_.end() || !answer->second) {
      open = true;
    } else if (*answer->second) {
      return true;
    }
  }
  // A name without addresses counts as unanswered.
  return open ? std::nullopt : std::optional(false);
}

void DhtQuestions::put_item(std::shared_ptr<const crypto::KeyPair> key, Swarm::ItemChoice choose) {
  std::array<char, 32> name{};
  const auto& bytes = key->public_key().bytes;
  std::copy(bytes.begin(), bytes.end(), name.begin());
  session_->dht_put_item(
      name, [key = std::move(key), choose = std::move(choose)](lt::entry& value, std::array<char, 64>& signature,
                                                               std::int64_t& seq, const std::string&) {
        const auto chosen = choose(item_of(value, seq));
        if (!chosen) return;  // libtorrent stores the found item again, unchanged
        SHOAL_ASSERT(chosen->value.size() <= kMaxItemValue);
        value = text_of(chosen->value);
        seq = chosen->seq;
        const auto made = crypto::sign(*key, base::as_bytes(signed_text(*chosen)));
        std::copy(made.bytes.begin(), made.bytes.end(), signature.begin());
      });
}

void DhtQuestions::get_item(const PublicKey& key) {
  std::array<char, 32> name{};
  std::copy(key.bytes.begin(), key.bytes.end(), name.begin());
  session_->dht_get_item(name);
}

void DhtQuestions::on_item(std::function<void(const PublicKey&, const DhtItem&)> handler) {
  const std::lock_guard lock(mutex_);
  item_handler_ = std::move(handler);
}

void DhtQuestions::note(const lt::alert& alert) {
  if (const auto* reply = lt::alert_cast<lt::dht_get_peers_reply_alert>(&alert)) {
    const std::lock_guard lock(mutex_);
    const auto asked = looked_up_.find(reply->info_hash);
    if (asked == looked_up_.end()) return;
    for (const auto& peer : reply->peers()) {
      if (asked->second.size() < kMaxKept) asked->second.insert(endpoint_text(peer));
    }
  } else if (const auto* direct = lt::alert_cast<lt::dht_direct_response_alert>(&alert)) {
    const std::lock_guard lock(mutex_);
    const auto asked = answers_.find({direct->endpoint.address(), direct->endpoint.port()});
    if (asked != answers_.end()) asked->second = direct->response().type() != lt::bdecode_node::none_t;
  } else {
    note_item(alert);
  }
}

void DhtQuestions::note_item(const lt::alert& alert) {
  const auto* found = lt::alert_cast<lt::dht_mutable_item_alert>(&alert);
  if (found == nullptr) return;
  const auto item = item_of(found->item, found->seq);
  if (!item) return;
  PublicKey key;
  std::copy(found->key.begin(), found->key.end(), key.bytes.begin());
  std::function<void(const PublicKey&, const DhtItem&)> handler;
  {
    const std::lock_guard lock(mutex_);
    handler = item_handler_;
  }
  if (handler) handler(key, *item);
}

}  // namespace shoal::swarm
