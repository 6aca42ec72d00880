#include "node/directory/key_store.h"

#include "node/directory/key_lock.h"
#include "node/node_testing.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

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

TEST(KeyStore, ANameIsLegalAndNotTaken) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  for (const std::string& name : {std::string(), std::string("a b"), std::string(".hidden"), std::string(65, 'a')}) {
    const auto made = store.generate(name);
    ASSERT_FALSE(made.ok()) << name;
    EXPECT_EQ(made.error().code, Code::invalid_argument);
    EXPECT_FALSE(made.error().hint.empty());
    EXPECT_EQ(store.import(name, dir / "nothing", false).error().code, Code::invalid_argument);
    EXPECT_EQ(store.find(name).value(), std::nullopt);
  }
  const PublicKey first = store.generate("quakes")->key;
  const auto second = store.generate("quakes");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::already_exists);
  EXPECT_EQ(second.error().message, "there is a key named quakes already");
  EXPECT_EQ(store.open("quakes")->public_key(), first) << "it is as it was";
}

TEST(KeyStore, TheDirectoryIsMadeForItsUserAlone) {
  const TempDir dir;
  KeyStore store(dir / "keys", nullptr);
  EXPECT_TRUE(store.list()->keys.empty());
  ASSERT_TRUE(store.generate("quakes").ok());
  EXPECT_EQ(std::filesystem::status(dir / "keys").permissions(), std::filesystem::perms::owner_all);
  ASSERT_TRUE(store.generate("more").ok());
  EXPECT_EQ(store.list()->keys.size(), 2U);
}

TEST(KeyStore, ADirectoryThatCannotBeMadeIsNamed) {
  const TempDir dir;
  KeyStore store(dir / "missing/keys", nullptr);
  const auto made = store.generate("quakes");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::io);
  EXPECT_NE(made.error().message.find("missing/keys"), std::string::npos);
}

TEST(KeyStore, WhatCannotBeLookedAtIsNotTakenForMissing) {
  const TempDir dir;
  KeyStore store(dir / std::string(300, 'x'), nullptr);
  EXPECT_EQ(store.list().error().code, Code::io);
  EXPECT_EQ(store.find("quakes").error().code, Code::io);
  EXPECT_EQ(store.generate("quakes").error().code, Code::io);
  EXPECT_EQ(store.open("quakes").error().code, Code::io);
}

TEST(KeyStore, ListsKeyFilesByNameAndNothingElse) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  for (const char* name : {"b", "c", "a"}) ASSERT_TRUE(store.generate(name).ok());
  for (const char* other : {".key", "note.txt", "a b.key", "key", "d.key.damaged-1"}) {
    std::ofstream(dir / other) << "x";
  }
  const auto all = store.list().value();
  std::vector<std::string> names;
  for (const KeyInfo& info : all.keys) names.push_back(info.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(all.unreadable.empty());
}

TEST(KeyStore, ASealedKeyAsksForItsPassphrase) {
  const TempDir dir;
  KeyStore plain = open_store(dir);
  KeyStore asking(dir / ".", [] { return Result<std::string>("secret"); });
  const auto made = asking.generate("sealed");
  ASSERT_TRUE(made.ok());
  EXPECT_TRUE(made->sealed);
  EXPECT_TRUE(plain.find("sealed").value()->sealed);
  EXPECT_FALSE(plain.generate("open")->sealed);
  EXPECT_EQ(asking.open("sealed")->public_key(), made->key);
  EXPECT_EQ(plain.open("sealed", "secret")->public_key(), made->key);
  const auto without = plain.open("sealed");
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.error().code, Code::bad_key);
  EXPECT_NE(without.error().message.find("is sealed with a passphrase"), std::string::npos);
  EXPECT_FALSE(plain.open("sealed", "wrong").ok());
  EXPECT_FALSE(asking.open("sealed", "wrong").ok()) << "what is given counts, not what would be asked";
  EXPECT_TRUE(plain.generate("given", "word")->sealed);
  EXPECT_TRUE(plain.open("given", "word").ok());
}

TEST(KeyStore, APassphraseThatNobodyGivesIsAnError) {
  const TempDir dir;
  KeyStore refusing(dir / ".", [] { return Result<std::string>(Error{Code::closed, "no terminal", ""}); });
  EXPECT_EQ(refusing.generate("quakes").error().code, Code::closed);
  EXPECT_EQ(refusing.find("quakes").value(), std::nullopt);
  ASSERT_TRUE(open_store(dir).generate("open").ok());
  EXPECT_TRUE(refusing.open("open").ok()) << "a key that is not sealed asks for nothing";
}

TEST(KeyStore, AKeyGoesOutAndComesInAgain) {
  const TempDir dir;
  const TempDir other;
  KeyStore store = open_store(dir);
  KeyStore elsewhere(other / ".", [] { return Result<std::string>("secret"); });
  const PublicKey key = store.generate("quakes")->key;
  EXPECT_EQ(store.open("absent").error().code, Code::not_found);
  EXPECT_EQ(store.export_secret("absent", dir / "out").error().code, Code::not_found);
  ASSERT_TRUE(store.export_secret("quakes", dir / "out").ok());
  EXPECT_EQ(store.import("again", dir / "out", false).error().code, Code::already_exists);
  EXPECT_EQ(store.find("again").value(), std::nullopt);
  const auto taken = elsewhere.import("theirs", dir / "out", false);
  ASSERT_TRUE(taken.ok()) << taken.error().message;
  EXPECT_EQ(taken->name, "theirs");
  EXPECT_EQ(taken->key, key);
  EXPECT_TRUE(taken->sealed);
  EXPECT_TRUE(elsewhere.find("theirs").value()->sealed);
  EXPECT_EQ(elsewhere.import("theirs", dir / "out", false).error().code, Code::already_exists);
  EXPECT_FALSE(elsewhere.import("nothing", dir / "absent", false).ok());
  EXPECT_EQ(elsewhere.open("theirs")->public_key(), key);
}

TEST(KeyStore, AnImportedKeyIsMarkedUnlessItHasSignedNothing) {
  const TempDir dir;
  const TempDir other;
  KeyStore store = open_store(dir);
  const FeedId feed{store.generate("quakes")->key};
  EXPECT_TRUE(store.marked("quakes", feed).value()->unused) << "a key that was made here has signed nothing";
  ASSERT_TRUE(store.export_secret("quakes", dir / "out").ok());
  KeyStore elsewhere = open_store(other);
  ASSERT_TRUE(elsewhere.import("theirs", dir / "out", false).ok());
  const auto mark = elsewhere.marked("theirs", feed).value();
  ASSERT_TRUE(mark.has_value());
  EXPECT_TRUE(mark->elsewhere);
  ASSERT_TRUE(elsewhere.mark_signed("theirs", {feed, 7, KeyMark::Origin::here, "here"}).ok());
  EXPECT_FALSE(elsewhere.marked("theirs", feed).value()->elsewhere) << "it was found what it signed";
  EXPECT_EQ(elsewhere.marked("theirs", feed).value()->size, 7U);
  const TempDir third;
  KeyStore unused = open_store(third);
  ASSERT_TRUE(unused.import("unused", dir / "out", true).ok());
  EXPECT_TRUE(unused.marked("unused", feed).value()->unused);
}

TEST(KeyStore, ACopyOfAnUnusedKeyIsFromElsewhere) {
  const TempDir dir;
  const TempDir other;
  KeyStore store = open_store(dir);
  const FeedId feed{store.generate("quakes")->key};
  std::filesystem::copy_file(dir / "quakes.key", other / "quakes.key");
  KeyStore elsewhere = open_store(other);
  EXPECT_FALSE(elsewhere.marked("quakes", feed).value().has_value()) << "nothing is known of it";
  std::filesystem::copy_file(dir / "quakes.signed", other / "quakes.signed");
  const auto mark = elsewhere.marked("quakes", feed).value();
  ASSERT_TRUE(mark.has_value());
  EXPECT_TRUE(mark->elsewhere);
  EXPECT_FALSE(mark->unused);
}

TEST(KeyStore, AMarkThatACrashLeftBeforeItsKeyStopsNobody) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  ASSERT_TRUE(store.generate("quakes").ok());
  std::filesystem::remove(dir / "quakes.key");
  const auto again = store.generate("quakes");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(store.marked("quakes", FeedId{again->key}).value()->unused);
}

TEST(KeyStore, ANameWhoseKeyIsGoneMakesNoOtherKey) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  const FeedId feed{store.generate("quakes")->key};
  ASSERT_TRUE(store.export_secret("quakes", dir / "out").ok());
  ASSERT_TRUE(store.mark_signed("quakes", {feed, 3, KeyMark::Origin::here, "here"}).ok());
  std::filesystem::remove(dir / "quakes.key");
  const auto made = store.generate("quakes");
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::bad_key);
  EXPECT_NE(made.error().message.find(feed.hex()), std::string::npos);
  EXPECT_NE(made.error().hint.find("shoal key import quakes"), std::string::npos);
  ASSERT_TRUE(store.generate("other").ok());
  ASSERT_TRUE(store.export_secret("other", dir / "wrong").ok());
  EXPECT_EQ(store.import("quakes", dir / "wrong", false).error().code, Code::bad_key) << "nor takes another one";
  ASSERT_TRUE(store.import("quakes", dir / "out", false).ok());
  EXPECT_FALSE(store.marked("quakes", feed).value()->elsewhere) << "it came back to where its history is";
  EXPECT_EQ(store.marked("quakes", feed).value()->size, 3U);
}

TEST(KeyStore, AMarkOfAnotherFeedRefusesTheKey) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  const FeedId feed{store.generate("quakes")->key};
  const FeedId other{store.generate("other")->key};
  ASSERT_TRUE(store.mark_signed("quakes", {other, 3, KeyMark::Origin::here, "here"}).ok());
  EXPECT_EQ(store.marked("quakes", feed).error().code, Code::bad_key);
}

TEST(KeyStore, AReleasedKeySignsNothingUntilItsHistoryIsFoundAgain) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  const KeyInfo key = store.generate("quakes").value();
  const FeedId feed{key.key};
  EXPECT_EQ(store.release("other").error().code, Code::not_found);
  {
    const auto signs = KeyLock::take(key.key).value();
    EXPECT_EQ(store.release("quakes").error().code, Code::in_use);
  }
  EXPECT_TRUE(store.check_not_released("quakes").ok());
  ASSERT_TRUE(store.mark_signed("quakes", {feed, 3, KeyMark::Origin::here, "here"}).ok());
  ASSERT_TRUE(store.release("quakes").ok());
  EXPECT_EQ(store.check_not_released("quakes").error().code, Code::bad_key);
  const auto mark = store.marked("quakes", feed).value();
  ASSERT_TRUE(mark.has_value());
  EXPECT_TRUE(mark->elsewhere);
  EXPECT_EQ(mark->size, 3U);
  ASSERT_TRUE(store.release("quakes").ok()) << "twice is once";
  EXPECT_EQ(store.marked("quakes", feed).value()->size, 3U);
  ASSERT_TRUE(store.mark_signed("quakes", {feed, 9, KeyMark::Origin::here, "here"}).ok());
  EXPECT_TRUE(store.check_not_released("quakes").ok()) << "recovery took it back";
  EXPECT_FALSE(store.marked("quakes", feed).value()->elsewhere);
}

TEST(KeyStore, AReleasedKeyThatNeverSignedIsNotNew) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  const FeedId feed{store.generate("quakes")->key};
  ASSERT_TRUE(store.release("quakes").ok());
  EXPECT_TRUE(store.marked("quakes", feed).value()->elsewhere);
  EXPECT_FALSE(store.marked("quakes", feed).value()->unused);
}

TEST(KeyStore, ADamagedMarkSaysThatThereWasOne) {
  const TempDir dir;
  KeyStore store = open_store(dir);
  const FeedId feed{store.generate("quakes")->key};
  std::ofstream(dir / "quakes.signed") << "shoalcast signed v1";
  const auto mark = store.marked("quakes", feed).value();
  ASSERT_TRUE(mark.has_value());
  EXPECT_FALSE(mark->elsewhere);
  EXPECT_EQ(mark->place, "") << "no directory is that place";
  std::filesystem::remove(dir / "quakes.key");
  EXPECT_EQ(store.generate("quakes").error().code, Code::bad_key);
}

}  // namespace
}  // namespace shoal::node
