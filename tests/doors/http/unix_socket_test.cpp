#include "doors/http/unix_socket.h"

#include "node/node_testing.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace shoal::doors {
namespace {

using namespace std::chrono_literals;
using node::testing::must;
using node::testing::TempDir;

TEST(UnixSocket, RootConnectsToTheUserThatTheSocketBelongsTo) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
  constexpr uid_t kService = 61184;
  const TempDir dir;
  const auto path = dir / "node.sock";
  ASSERT_EQ(::chown(path.parent_path().c_str(), kService, kService), 0);
  ASSERT_EQ(::seteuid(kService), 0);
  const auto listener = listen_unix(path);
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_TRUE(listener.ok()) << listener.error().message;
  EXPECT_TRUE(connect_unix(path, Wait{1s}).ok());

  ASSERT_EQ(::chown(path.c_str(), kService + 1, kService), 0);
  const auto refused = connect_unix(path, Wait{1s});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::bad_key);
}

TEST(UnixSocket, ConnectsToItsOwnUserOnly) {
  const TempDir dir;
  const auto listener = must(listen_unix(dir / "node.sock"));
  struct stat found {};
  ASSERT_EQ(::stat((dir / "node.sock").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0600U);
  const auto client = must(connect_unix(dir / "node.sock", Wait{1s}));
  const FileDescriptor taken(::accept(listener.get(), nullptr, nullptr));
  ASSERT_TRUE(taken);
  EXPECT_TRUE(check_peer_user(taken.get()).ok());
}

TEST(UnixSocket, ReplacesWhatADeadProcessLeft) {
  const TempDir dir;
  std::ignore = must(listen_unix(dir / "node.sock"));  // closed at once; the file stays
  const auto nobody = connect_unix(dir / "node.sock", Wait{});
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, Code::unavailable);
  const auto listener = must(listen_unix(dir / "node.sock"));
  EXPECT_TRUE(connect_unix(dir / "node.sock", Wait{1s}).ok());
}

TEST(UnixSocket, LeavesAFileThatIsNoSocket) {
  const TempDir dir;
  std::ofstream(dir / "node.sock") << "precious";
  const auto listener = listen_unix(dir / "node.sock");
  ASSERT_FALSE(listener.ok());
  EXPECT_EQ(listener.error().code, Code::in_use);
  EXPECT_EQ(std::filesystem::file_size(dir / "node.sock"), 8U);
  std::filesystem::remove(dir / "node.sock");
  std::filesystem::create_symlink(dir / "elsewhere", dir / "node.sock");
  EXPECT_FALSE(listen_unix(dir / "node.sock").ok());
}

TEST(UnixSocket, LeavesASocketOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make another user's socket";
  const TempDir dir;
  std::ignore = must(listen_unix(dir / "node.sock"));
  ASSERT_EQ(::chown((dir / "node.sock").c_str(), 65534, 65534), 0);
  const auto listener = listen_unix(dir / "node.sock");
  ASSERT_FALSE(listener.ok());
  EXPECT_EQ(listener.error().code, Code::in_use);
  EXPECT_NE(listener.error().message.find("another user"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(dir / "node.sock"));
}

TEST(UnixSocket, NobodyThereIsUnavailable) {
  const TempDir dir;
  const auto client = connect_unix(dir / "node.sock", Wait{});
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.error().code, Code::unavailable);
}

}  // namespace
}  // namespace shoal::doors
