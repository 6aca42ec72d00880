#include "node/directory/key_lock.h"

#include "crypto/keys.h"
#include "node/node_testing.h"

#include <unistd.h>

namespace shoal::node {
namespace {

TEST(KeyLock, OneHolderAtATimeWhoIsNamed) {
  const PublicKey key = crypto::KeyPair::generate().public_key();
  const PublicKey other = crypto::KeyPair::generate().public_key();
  auto held = KeyLock::take(key);
  ASSERT_TRUE(held.ok()) << held.error().message;
  EXPECT_TRUE(KeyLock::take(other).ok());
  for (int i = 0; i < 5; ++i) {
    const auto second = KeyLock::take(key);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Code::in_use);
    EXPECT_NE(second.error().message.find(key.hex()), std::string::npos);
    EXPECT_NE(second.error().message.find("process"), std::string::npos);
    if (i > 0) continue;  // who asked already is not answered before the holder goes
    EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())), std::string::npos);
  }
  held->reset();
  EXPECT_TRUE(KeyLock::take(key).ok());
}

}  // namespace
}  // namespace shoal::node
