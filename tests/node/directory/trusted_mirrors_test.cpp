#include "node/directory/trusted_mirrors.h"

#include "crypto/keys.h"
#include "node/directory/key_store.h"
#include "node/node_testing.h"

#include <sys/stat.h>

#include <fstream>

namespace shoal::node {
namespace {

using testing::TempDir;

class TrustedMirrorsTest : public ::testing::Test {
 protected:
  TrustedMirrorsTest() { crypto::init(); }
  static PublicKey key(std::uint8_t seed) { return crypto::KeyPair::from_seed(Bytes(32, seed))->public_key(); }
  static Code code_of(const Result<void>& result) { return result.ok() ? Code::io : result.error().code; }

  TempDir dir_;
  TrustedMirrors mirrors_{dir_ / "keys"};
};

TEST_F(TrustedMirrorsTest, KeepsNamesForNodeKeys) {
  EXPECT_TRUE(mirrors_.list()->empty());
  ASSERT_TRUE(mirrors_.trust("mine", key(1)).ok());
  ASSERT_TRUE(mirrors_.trust("backup", key(2)).ok());
  ASSERT_TRUE(mirrors_.trust("backup", key(2)).ok());
  const auto all = mirrors_.list();
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].name, "backup");
  EXPECT_EQ(**mirrors_.find("mine"), key(1));
  EXPECT_FALSE(mirrors_.find("other")->has_value());
  EXPECT_EQ(mirrors_.name_of(key(2)), "backup");
  ASSERT_TRUE(mirrors_.forget("backup").ok());
  EXPECT_FALSE(mirrors_.name_of(key(2)).has_value());
  EXPECT_EQ(code_of(mirrors_.forget("backup")), Code::not_found);
}

TEST_F(TrustedMirrorsTest, ANameStandsForOneKeyAndAKeyHasOneName) {
  ASSERT_TRUE(mirrors_.trust("mine", key(1)).ok());
  EXPECT_EQ(code_of(mirrors_.trust("mine", key(2))), Code::already_exists);
  EXPECT_EQ(code_of(mirrors_.trust("other", key(1))), Code::already_exists);
  KeyStore keys(dir_ / "keys", {});
  ASSERT_TRUE(keys.generate("quakes").ok());
  EXPECT_EQ(code_of(mirrors_.trust("quakes", key(3))), Code::already_exists);
}

TEST_F(TrustedMirrorsTest, ANameBeforeAnAddressStandsForTheKeyThatWasTrusted) {
  const std::string hex = key(1).hex();
  ASSERT_TRUE(mirrors_.trust("tower", key(1)).ok());
  EXPECT_EQ(with_trusted_key("tower@127.0.0.1:1", mirrors_).value(), hex + "@127.0.0.1:1");
  for (const std::string& text : {hex + "@127.0.0.1:1", std::string("127.0.0.1:1"), std::string("@127.0.0.1:1")}) {
    EXPECT_EQ(with_trusted_key(text, mirrors_).value(), text);
  }
  EXPECT_EQ(with_trusted_key("towel@127.0.0.1:1", mirrors_).error().code, Code::not_found);
}

TEST_F(TrustedMirrorsTest, NamesThatAcksReadsOtherwiseAreRefused) {
  for (const char* name : {"none", "durable", "2", "007", "", "a,b", "../x", ".x"}) {
    EXPECT_EQ(code_of(mirrors_.trust(name, key(1))), Code::invalid_argument) << name;
  }
}

TEST_F(TrustedMirrorsTest, FilesThatOthersMayChangeOrThatAreDamagedAreRefused) {
  ASSERT_TRUE(mirrors_.trust("mine", key(1)).ok());
  const auto file = dir_ / "keys" / "mine.mirror";
  ASSERT_EQ(chmod(file.c_str(), 0644), 0);
  EXPECT_EQ(mirrors_.list().error().code, Code::bad_key);
  ASSERT_EQ(chmod(file.c_str(), 0600), 0);
  std::ofstream(file) << "nonsense\n";
  EXPECT_EQ(mirrors_.list().error().code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::node
