#include "crypto/key_text.h"

#include "crypto/crypto_testing.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace shoal::crypto {
namespace {

using testing::known_key;
using testing::secret;

const std::string kClear = "shoalcast secret key v1\npublic " + std::string(testing::kPublicHex) + "\nseed " +
                           std::string(testing::kSeedHex) + "\n";

// Made with PyNaCl from docs/FORMAT.md: passphrase `correct horse`, salt 00 01 .. 0f.
const std::string kSealedHead = "shoalcast secret key v1\npublic " + std::string(testing::kPublicHex) + "\nargon2id ";
const std::string kSalt = " 000102030405060708090a0b0c0d0e0f\n";
const std::string kSealed8MiB = kSealedHead + "1 8192" + kSalt +
                                "sealed 049b1afebe63ebb478f624b0ab335ea53f6d9b85fb32fa89900fed39f288395e"
                                "c36aa69c5f7608eb024309e212a9a4b0\n";
const std::string kSealed8KiB = kSealedHead + "1 8" + kSalt +
                                "sealed 04f8513b3651354874473eed6e7132b2a93f987bc22d9441f00daedc4c9cef74"
                                "266ad67d2b43b5e8dc20f24015caff9d\n";

Result<KeyPair> open(std::string_view text, std::optional<std::string_view> passphrase = std::nullopt) {
  auto parsed = parse_key_text(base::as_bytes(text));
  if (!parsed) return std::move(parsed).error();
  if (!passphrase) return open_key_text(*parsed, std::nullopt);
  return open_key_text(*parsed, secret(*passphrase));
}

bool refused(const Result<KeyPair>& result) { return !result.ok() && result.error().code == Code::bad_key; }

TEST(KeyText, SeedInClearAsDocumented) {
  const auto text = write_key_text(known_key(), std::nullopt);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(base::as_text(text->view()), kClear);
  const auto key = open(kClear);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->public_key(), known_key().public_key());
}

TEST(KeyText, SealedSeedAsDocumented) {
  for (const std::string& text : {kSealed8MiB, kSealed8KiB}) {
    const auto key = open(text, "correct horse");
    ASSERT_TRUE(key.ok()) << key.error().message;
    EXPECT_EQ(base::to_hex(key->seed().view()), testing::kSeedHex);
  }
}

TEST(KeyText, SealingRoundTripsWithAFreshSalt) {
  const KeyPair key = KeyPair::generate();
  const auto first = write_key_text(key, secret("pass \xC3\xA9"));
  const auto second = write_key_text(key, secret("pass \xC3\xA9"));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(base::as_text(first->view()), base::as_text(second->view()));
  EXPECT_EQ(base::as_text(first->view()).find(base::to_hex(key.seed().view())), std::string_view::npos);
  const auto parsed = parse_key_text(first->view());
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->public_key, key.public_key());
  EXPECT_EQ(parsed->sealing->passes, KeySealing{}.passes);
  EXPECT_EQ(parsed->sealing->memory_kib, KeySealing{}.memory_kib);
  const auto opened = open_key_text(*parsed, secret("pass \xC3\xA9"));
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->public_key(), key.public_key());
}

TEST(KeyText, WrongOrMissingPassphrase) {
  for (const char* wrong : {"", "correct", "correct horse ", "Correct horse", "correct horse\n"}) {
    EXPECT_TRUE(refused(open(kSealed8KiB, wrong))) << wrong;
  }
  const auto missing = open(kSealed8KiB);
  ASSERT_TRUE(refused(missing));
  EXPECT_EQ(missing.error().message, "the key file is sealed and no passphrase was given");
}

TEST(KeyText, APassphraseForASeedInClearIsIgnored) { EXPECT_TRUE(open(kClear, "anything").ok()); }

TEST(KeyText, AnEmptyPassphraseDoesNotSeal) {
  EXPECT_EQ(write_key_text(known_key(), SecretBytes()).error().code, Code::invalid_argument);
}

TEST(KeyText, EveryFlippedBitIsRefused) {
  for (const std::string& text : {kClear, kSealed8KiB}) {
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
      std::string changed = text;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      ASSERT_TRUE(refused(open(changed, "correct horse"))) << "bit " << bit << " of\n" << text;
    }
  }
}

TEST(KeyText, EveryTruncationAndExtensionIsRefused) {
  for (const std::string& text : {kClear, kSealed8KiB}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      ASSERT_TRUE(refused(open(text.substr(0, size), "correct horse"))) << size;
    }
    for (const char* more : {"\n", " ", "0", "x", "\r\n"}) EXPECT_TRUE(refused(open(text + more, "correct horse")));
    EXPECT_TRUE(refused(open(text + text, "correct horse")));
  }
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(KeyText, OtherFormsAreRefused) {
  std::string crlf;
  for (char c : kClear) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const std::string other_public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
  for (const std::string& bad : {
           std::string(),
           std::string(2000, 'x'),
           crlf,
           "\n" + kClear,
           "\xEF\xBB\xBF" + kClear,
           replaced(kClear, "v1", "v2"),
           replaced(kClear, "public d75a", "public D75A"),
           replaced(kClear, "public ", "public  "),
           replaced(kClear, "\nseed", "\n\nseed"),
           replaced(kClear, "\nseed", "\n# note\nseed"),
           replaced(kClear, "seed", "sealed"),
           replaced(kClear, testing::kPublicHex, other_public),
           replaced(kSealed8KiB, "sealed", "seed"),
           replaced(kSealed8KiB, testing::kPublicHex, other_public),
       }) {
    EXPECT_TRUE(refused(open(bad, "correct horse"))) << bad;
  }
}

// A file from elsewhere cannot make the reader take gigabytes or hours.
TEST(KeyText, CostsOutsideTheLimitsAreRefusedBeforeTheyArePaid) {
  for (const char* costs : {"0 8",
                            "17 8",
                            "1 7",
                            "1 0",
                            "1 1048577",
                            "1 4294967296",
                            "99999999999999999999 8",
                            "-1 8",
                            "+1 8",
                            "01 8",
                            "1 08",
                            "1  8",
                            " 1 8",
                            "1 8 ",
                            "1",
                            "1 8 9",
                            "x 8",
                            "1 x",
                            "1 8k",
                            ""}) {
    const std::string text = replaced(kSealed8KiB, "argon2id 1 8 ", "argon2id " + std::string(costs) + " ");
    const auto parsed = parse_key_text(base::as_bytes(text));
    ASSERT_FALSE(parsed.ok()) << costs;
    EXPECT_EQ(parsed.error().code, Code::bad_key);
  }
  EXPECT_TRUE(parse_key_text(base::as_bytes(replaced(kSealed8KiB, " 1 8 ", " 16 1048576 "))).ok());
}

TEST(KeyText, ErrorsNeverQuoteTheFile) {
  for (const std::string& text :
       {kClear.substr(0, kClear.size() - 1), kClear + "x", replaced(kClear, "9d61", "9d6g")}) {
    const auto result = open(text);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().message.find("9d61b1"), std::string::npos);
    EXPECT_EQ(result.error().message.find("b19deffd"), std::string::npos);
  }
}

TEST(KeyText, AnyBytesAreRefusedOrFine) {
  const std::vector<std::string> parts = {"shoalcast secret key v1\n",
                                          "public ",
                                          "seed ",
                                          "sealed ",
                                          "argon2id ",
                                          std::string(testing::kPublicHex),
                                          std::string(testing::kSeedHex),
                                          "1 8 ",
                                          "\n",
                                          " ",
                                          "0",
                                          "\xFF",
                                          kSalt};
  EXPECT_TRUE(rc::check([&] {
    std::string text;
    for (const std::string& part : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(parts))) {
      text += part;
    }
    const auto result = open(text);
    if (!result.ok()) RC_ASSERT(result.error().code == Code::bad_key);
    if (result.ok()) RC_ASSERT(text == kClear);
  }));
}

}  // namespace
}  // namespace shoal::crypto
