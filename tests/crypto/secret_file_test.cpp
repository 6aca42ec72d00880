#include "crypto/secret_file.h"

#include "crypto/crypto_testing.h"

#include <sys/resource.h>

#include <gtest/gtest.h>

#include <csignal>

namespace shoal::crypto {
namespace {

using testing::mode_of;
using testing::secret;
using testing::TemporaryDirectory;

TEST(SecretFile, ComesBackAsItWasWritten) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(create_secret_file(directory / "file", secret("content\n")).ok());
  const auto content = read_secret_file(directory / "file", 100);
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(base::as_text(content->view()), "content\n");
  EXPECT_EQ(directory.entries(), 1U) << "no draft stays behind";
}

TEST(SecretFile, ModesDoNotDependOnTheUmask) {
  for (const ::mode_t mask : {0000U, 0022U, 0777U}) {
    const TemporaryDirectory directory;
    const ::mode_t before = ::umask(mask);
    // A umask may take the owner's own access to a new directory: then nothing can be created in it.
    const auto path = mask == 0777U ? directory / "file" : directory / "keys" / "file";
    const auto result = create_secret_file(path, secret("x"));
    ::umask(before);
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(mode_of(path), 0600U);
    EXPECT_EQ(mode_of(path.parent_path()), 0700U);
  }
}

TEST(SecretFile, CreatesTheDirectoriesAboveItToo) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(create_secret_file(directory / "a/b/c/file", secret("x")).ok());
  EXPECT_EQ(mode_of(directory / "a/b/c"), 0700U);
}

TEST(SecretFile, NeverOverwrites) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(create_secret_file(directory / "file", secret("first")).ok());
  const auto again = create_secret_file(directory / "file", secret("second"));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::already_exists);
  EXPECT_EQ(testing::read_plain(directory / "file"), "first");
  EXPECT_EQ(directory.entries(), 1U);
}

TEST(SecretFile, ADanglingLinkIsTakenToo) {
  const TemporaryDirectory directory;
  std::filesystem::create_symlink(directory / "elsewhere", directory / "file");
  EXPECT_EQ(create_secret_file(directory / "file", secret("x")).error().code, Code::already_exists);
  EXPECT_FALSE(std::filesystem::exists(directory / "elsewhere"));
}

TEST(SecretFile, RefusesADirectoryThatOthersMayWriteTo) {
  for (const ::mode_t mode : {0770U, 0707U, 0777U, 0720U}) {
    const TemporaryDirectory directory;
    ASSERT_EQ(::chmod(directory.path().c_str(), mode), 0);
    const auto result = create_secret_file(directory / "file", secret("x"));
    ASSERT_FALSE(result.ok()) << std::oct << mode;
    EXPECT_EQ(result.error().code, Code::bad_key);
    EXPECT_EQ(result.error().hint, "chmod go-w " + directory.path().string());
    EXPECT_EQ(directory.entries(), 0U);
  }
}

TEST(SecretFile, AcceptsADirectoryThatOthersMayOnlyRead) {
  for (const ::mode_t mode : {0700U, 0755U, 01777U}) {
    const TemporaryDirectory directory;
    ASSERT_EQ(::chmod(directory.path().c_str(), mode), 0);
    EXPECT_TRUE(create_secret_file(directory / "file", secret("x")).ok()) << std::oct << mode;
    EXPECT_EQ(mode_of(directory.path()), mode) << "what exists keeps its mode";
  }
}

TEST(SecretFile, AFailedWriteLeavesNothing) {
  const TemporaryDirectory directory;
  ::rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const ::rlimit tiny{4, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tiny), 0);
  const auto result = create_secret_file(directory / "file", secret("longer than four bytes"));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  (void)std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::io);
  EXPECT_EQ(directory.entries(), 0U);
}

TEST(SecretFile, AFileInThePlaceOfTheDirectoryIsAnError) {
  const TemporaryDirectory directory;
  testing::write_plain(directory / "file", "x");
  EXPECT_EQ(create_secret_file(directory / "file/inner", secret("x")).error().code, Code::io);
}

TEST(SecretFile, RefusesEveryAccessOfOthers) {
  const TemporaryDirectory directory;
  const auto path = directory / "file";
  testing::write_plain(path, "x");
  for (::mode_t bit = 1; bit <= 040; bit = bit << 1) {
    ASSERT_EQ(::chmod(path.c_str(), 0600 | bit), 0);
    const auto result = read_secret_file(path, 100);
    ASSERT_FALSE(result.ok()) << std::oct << bit;
    EXPECT_EQ(result.error().code, Code::bad_key);
    EXPECT_EQ(result.error().hint, "chmod 600 " + path.string());
  }
  for (const ::mode_t mode : {0600U, 0400U, 0700U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_TRUE(read_secret_file(path, 100).ok()) << std::oct << mode;
  }
}

TEST(SecretFile, ALinkIsJudgedByItsTarget) {
  const TemporaryDirectory directory;
  testing::write_plain(directory / "open", "x", 0644);
  testing::write_plain(directory / "safe", "x", 0600);
  std::filesystem::create_symlink("open", directory / "to-open");
  std::filesystem::create_symlink("safe", directory / "to-safe");
  EXPECT_EQ(read_secret_file(directory / "to-open", 100).error().code, Code::bad_key);
  EXPECT_TRUE(read_secret_file(directory / "to-safe", 100).ok());
}

TEST(SecretFile, OtherThingsThanFilesAreRefusedAndNeverHang) {
  const TemporaryDirectory directory;
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_secret_file(directory / "pipe", 100).error().code, Code::bad_key);
  EXPECT_EQ(read_secret_file(directory.path(), 100).error().code, Code::bad_key);
  EXPECT_EQ(read_secret_file("/dev/zero", 100).error().code, Code::bad_key);
  EXPECT_EQ(read_secret_file(directory / "none", 100).error().code, Code::not_found);
}

TEST(SecretFile, TheLimitIsExact) {
  const TemporaryDirectory directory;
  testing::write_plain(directory / "file", "12345");
  EXPECT_EQ(read_secret_file(directory / "file", 5)->size(), 5U);
  EXPECT_EQ(read_secret_file(directory / "file", 4).error().code, Code::bad_key);
}

}  // namespace
}  // namespace shoal::crypto
