#include "base/try.h"
#include "crypto/keys.h"
#include "feed/format/fork.h"

#include <shoal/proof.h>

namespace shoal {
namespace {

SignedHead shown(const feed::Checkpoint& head) {
  return {head.tree_size, head.root.hex(), head.topic_count, head.topic_root.hex(), head.time};
}

}  // namespace

Result<VerifiedFork> verify_fork(ByteView proof, const std::optional<FeedId>& feed) {
  crypto::init();
  SHOAL_TRY(const auto fork, feed::decode_fork_proof(proof));
  SHOAL_CHECK(feed::verify_fork_proof(fork));
  if (feed && *feed != fork.feed) {
    return Error{Code::unverified, "the proof is about feed " + fork.feed.hex() + ", not about " + feed->hex(), ""};
  }
  return VerifiedFork{fork.feed, fork.shorter.epoch, shown(fork.shorter), shown(fork.longer),
                      feed::common_prefix_limit(fork)};
}

}  // namespace shoal
