#include "node/directory/key_store.h"
#include "node/node_testing.h"

namespace shoal::node {
namespace {

using testing::TempDir;

KeyStore open_store(const TempDir& dir) { return KeyStore(dir / ".", nullptr); }

TEST(KeyStore, FindsAKeyByNameAndByItself) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  const auto made = store.generate("quakes");
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(store.find("quakes").value()->key, made->key);
  EXPECT_EQ(store.find(made->key).value()->name, "quakes");
  EXPECT_EQ(store.find("others").value(), std::nullopt);
}

TEST(KeyStore, SeesWhatAnotherProcessPutInPlaceOfAKeyItKnows) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  const auto first = store.generate("quakes");
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(store.find(first->key).value());
  std::filesystem::remove(dir / "quakes.key");
  EXPECT_FALSE(store.find(first->key).value());
  const auto second = open_store(dir).generate("quakes");
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(store.find("quakes").value()->key, second->key);
  EXPECT_FALSE(store.find(first->key).value());
}

TEST(KeyStore, ADamagedKeyStopsNoOther) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  const auto sound = store.generate("sound");
  const auto damaged = store.generate("damaged");
  ASSERT_TRUE(sound.ok() && damaged.ok());
  std::filesystem::resize_file(dir / "damaged.key", 10);
  const auto all = store.list();
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->keys.size(), 1U);
  EXPECT_EQ(all->keys[0].name, "sound");
  ASSERT_EQ(all->unreadable.size(), 1U);
  EXPECT_EQ(all->unreadable[0].code, Code::bad_key);
  EXPECT_EQ(store.find(sound->key).value()->name, "sound");
  EXPECT_EQ(store.find("damaged").error().code, Code::bad_key) << "whoever asks for it is told";
}

}  // namespace
}  // namespace shoal::node
