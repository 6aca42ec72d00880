#include "base/try.h"
#include "c/objects.h"

#include <shoal/proof.h>

#include <algorithm>
#include <iterator>

using namespace shoal;
using namespace shoal::c;

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
      const std::string hex = checked.feed.hex();
      *verified = {};
      std::copy_n(hex.data(), std::min(hex.size(), std::size(verified->feed_id) - 1), verified->feed_id);
      verified->head_time_ms = checked.head_time.value();
      verified->tree_size = checked.tree_size;
      verified->epoch = checked.epoch.value();
    }
    SHOAL_TRY(*records, give_records(std::make_shared<RecordsObject>(std::move(checked.records))));
    return {};
  });
}
