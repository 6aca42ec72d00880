#include "crypto/key_file.h"

#include "crypto/crypto_testing.h"
#include "crypto/signature.h"

#include <gtest/gtest.h>

namespace shoal::crypto {
namespace {

using testing::mode_of;
using testing::secret;
using testing::TemporaryDirectory;

TEST(KeyFile, RoundTripsInClear) {
  const TemporaryDirectory directory;
  const auto path = directory / "keys" / "quakes.key";
  const KeyPair key = KeyPair::generate();
  ASSERT_TRUE(write_key_file(path, key, std::nullopt).ok());
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(mode_of(path.parent_path()), 0700U);
  const auto again = read_key_file(path, std::nullopt);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(verify(key.public_key(), Bytes{1}, sign(*again, Bytes{1})));
  EXPECT_EQ(describe_key_file(path)->key, key.public_key());
  EXPECT_FALSE(describe_key_file(path)->sealed);
}

TEST(KeyFile, RoundTripsSealed) {
  const TemporaryDirectory directory;
  const auto path = directory / "quakes.key";
  const KeyPair key = KeyPair::generate();
  ASSERT_TRUE(write_key_file(path, key, secret("correct horse")).ok());
  EXPECT_TRUE(describe_key_file(path)->sealed);
  EXPECT_EQ(describe_key_file(path)->key, key.public_key()) << "needs no passphrase";
  EXPECT_EQ(read_key_file(path, secret("correct horse"))->public_key(), key.public_key());

  const auto wrong = read_key_file(path, secret("wrong horse"));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, Code::bad_key);
  EXPECT_NE(wrong.error().message.find(path.string()), std::string::npos) << "says which file";
  const auto missing = read_key_file(path, std::nullopt);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::bad_key);
}

TEST(KeyFile, ExistingFilesStay) {
  const TemporaryDirectory directory;
  const auto path = directory / "quakes.key";
  const KeyPair first = KeyPair::generate();
  ASSERT_TRUE(write_key_file(path, first, std::nullopt).ok());
  EXPECT_EQ(write_key_file(path, KeyPair::generate(), std::nullopt).error().code, Code::already_exists);
  EXPECT_EQ(read_key_file(path, std::nullopt)->public_key(), first.public_key());
}

TEST(KeyFile, EveryReaderRefusesWhatOthersMayRead) {
  const TemporaryDirectory directory;
  const auto path = directory / "quakes.key";
  ASSERT_TRUE(write_key_file(path, KeyPair::generate(), std::nullopt).ok());
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  const auto key = read_key_file(path, std::nullopt);
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().code, Code::bad_key);
  EXPECT_EQ(key.error().hint, "chmod 600 " + path.string());
  EXPECT_EQ(describe_key_file(path).error().code, Code::bad_key);
}

TEST(KeyFile, EveryReaderRefusesAMalformedFile) {
  const TemporaryDirectory directory;
  const auto path = directory / "quakes.key";
  for (const std::string& text :
       {std::string(), std::string("hello\n"), std::string(5000, 'a'), std::string(10, '\0')}) {
    testing::write_plain(path, text);
    EXPECT_EQ(read_key_file(path, std::nullopt).error().code, Code::bad_key);
    EXPECT_EQ(describe_key_file(path).error().code, Code::bad_key);
  }
}

TEST(KeyFile, APublicHalfOfAnotherKeyIsNoticedWithoutSigning) {
  const TemporaryDirectory directory;
  const auto path = directory / "quakes.key";
  const auto key = KeyPair::generate();
  ASSERT_TRUE(write_key_file(path, key, std::nullopt).ok());
  std::string text = testing::read_plain(path);
  const std::size_t at = text.find(key.public_key().hex());
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 64, KeyPair::generate().public_key().hex());
  testing::write_plain(path, text);
  const auto described = describe_key_file(path);
  ASSERT_FALSE(described.ok());
  EXPECT_EQ(described.error().code, Code::bad_key);
  EXPECT_NE(described.error().message.find(path.string()), std::string::npos) << described.error().message;
}

TEST(KeyFile, EveryReaderSaysThatThereIsNone) {
  const TemporaryDirectory directory;
  const auto path = directory / "quakes.key";
  EXPECT_EQ(read_key_file(path, std::nullopt).error().code, Code::not_found);
  EXPECT_EQ(describe_key_file(path).error().code, Code::not_found);
}

TEST(KeyFile, AnEmptyPassphraseWritesNothing) {
  const TemporaryDirectory directory;
  EXPECT_EQ(write_key_file(directory / "a.key", KeyPair::generate(), SecretBytes()).error().code,
            Code::invalid_argument);
  EXPECT_EQ(directory.entries(), 0U);
}

}  // namespace
}  // namespace shoal::crypto
