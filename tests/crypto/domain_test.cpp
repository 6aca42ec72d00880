#include "crypto/domain.h"

#include "base/bytes.h"
#include "crypto/hash.h"

#include <gtest/gtest.h>

#include <vector>

namespace shoal::crypto {
namespace {

const std::vector<std::string_view> kTags = {domain::kSwarm,        domain::kHeadHint,   domain::kHeadHintSalt,
                                             domain::kHeadHintSeal, domain::kFeedOrigin, domain::kSession,
                                             domain::kNodeIdentity, domain::kReceipt,    domain::kCapability};

// Then no message under one tag can be read as a message under another.
TEST(DomainTags, NoneBeginsWithAnother) {
  for (std::size_t i = 0; i < kTags.size(); ++i) {
    for (std::size_t j = 0; j < kTags.size(); ++j) {
      if (i == j) continue;
      EXPECT_NE(kTags[j].substr(0, kTags[i].size()), kTags[i]);
    }
  }
}

// Made with Python's hashlib: the discovery key of the feed id 00 01 .. 1f.
TEST(DomainTags, DiscoveryKeyIsFixedForEver) {
  Bytes feed_id(32);
  for (std::size_t i = 0; i < feed_id.size(); ++i) feed_id[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(keyed_hash(feed_id, base::as_bytes(domain::kSwarm)).hex(),
            "727a7470b84f3cfa151cd7338bfa49205da13016b156e3d462af8b8ae93512b4");
}

}  // namespace
}  // namespace shoal::crypto
