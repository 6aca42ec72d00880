#include "base/try.h"
#include "c/objects.h"

#include <shoal/proof.h>

#include <algorithm>

using namespace shoal;
using namespace shoal::c;

namespace {

template <std::size_t size>
void copy_hex(const std::string& hex, char (&to)[size]) {
  std::copy_n(hex.data(), std::min(hex.size(), size - 1), to);
}

shoal_signed_head shown(const SignedHead& head) {
  shoal_signed_head out{};
  out.tree_size = head.tree_size;
  out.time_ms = head.time.value();
  copy_hex(head.root_hash, out.root_hash);
  copy_hex(head.topic_root, out.topic_root);
  out.topic_count = head.topic_count;
  return out;
}

}  // namespace

shoal_code shoal_node_prove(shoal_node* node, const shoal_get_request* request, std::int64_t timeout_ms,
                            shoal_stop* stop, char** proof, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (proof == nullptr) return null_argument("proof");
    SHOAL_CHECK(require_no_callback("shoal_node_prove"));
    SHOAL_TRY(const auto open, find_node(node));
    SHOAL_TRY(const auto wanted, read_get_request(request));
    SHOAL_TRY(const auto wait, read_wait(timeout_ms, stop));
    SHOAL_TRY(const auto text, open->prove(wanted, wait));
    SHOAL_TRY(*proof, give_text(text));
    return {};
  });
}

shoal_code shoal_verify_proof(const void* proof, size_t size, const char* feed_id, shoal_verified* verified,
                              shoal_records** records, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (proof == nullptr) return null_argument("proof");
    if (records == nullptr) return null_argument("records");
    std::optional<FeedId> signer;
    if (feed_id != nullptr) {
      SHOAL_TRY(signer, read_feed_id(feed_id));
    }
    SHOAL_TRY(auto checked, verify_proof({static_cast<const char*>(proof), size}, signer));
    if (verified != nullptr) {
      *verified = {};
      copy_hex(checked.feed.hex(), verified->feed_id);
      verified->head_time_ms = checked.head_time.value();
      verified->tree_size = checked.tree_size;
      verified->epoch = checked.epoch.value();
    }
    SHOAL_TRY(*records, give_records(std::make_shared<RecordsObject>(std::move(checked.records))));
    return {};
  });
}

shoal_code shoal_verify_fork(const void* proof, size_t size, const char* feed_id, shoal_verified_fork* fork,
                             shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (proof == nullptr) return null_argument("proof");
    std::optional<FeedId> expected;
    if (feed_id != nullptr) {
      SHOAL_TRY(expected, read_feed_id(feed_id));
    }
    SHOAL_TRY(const auto checked, verify_fork({static_cast<const std::uint8_t*>(proof), size}, expected));
    if (fork == nullptr) return {};
    *fork = {};
    copy_hex(checked.feed.hex(), fork->feed_id);
    fork->epoch = checked.epoch.value();
    fork->common_prefix_limit = checked.common_prefix_limit;
    fork->shorter = shown(checked.shorter);
    fork->longer = shown(checked.longer);
    return {};
  });
}
