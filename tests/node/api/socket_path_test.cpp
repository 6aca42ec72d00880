#include "node/api/socket_path.h"

#include "node/node_testing.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace shoal::node {
namespace {

using testing::must;
using testing::TempDir;

/// Sets a variable of the environment for as long as the object lives.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* held = std::getenv(name)) before_ = held;
    ::setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() {
    if (before_) {
      ::setenv(name_, before_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(SocketPath, LiesInTheDirectoryHoweverItIsWritten) {
  const TempDir dir;
  std::filesystem::create_directories(dir / "data");
  const auto path = must(socket_path(dir / "data"));
  EXPECT_EQ(path.filename(), "node.sock");
  EXPECT_EQ(must(socket_path(dir / "data/")), path);
  EXPECT_EQ(must(socket_path(dir / "data/../data/.")), path);
  std::filesystem::create_directory_symlink(dir / "data", dir / "link");
  EXPECT_EQ(must(socket_path(dir / "link")), path);
}

TEST(SocketPath, GoesToTheRuntimeDirectoryWhenItIsTooLong) {
  const TempDir dir;
  const std::string deep(120, 'd');
  const ScopedVariable runtime("XDG_RUNTIME_DIR", (dir / "").string());
  const auto path = must(socket_path(dir / deep));
  EXPECT_EQ(path.parent_path(), (dir / "x").parent_path());
  const std::string name = path.filename().string();
  EXPECT_TRUE(name.starts_with("shoal-") && name.ends_with(".sock") && name.size() == 6 + 16 + 5) << name;
  EXPECT_EQ(must(socket_path(dir / deep)), path);
  EXPECT_NE(must(socket_path(dir / (deep + "e"))), path);
}

TEST(SocketPath, SaysWhatToDoWhenNothingFits) {
  const TempDir dir;
  const ScopedVariable runtime("XDG_RUNTIME_DIR", "/" + std::string(200, 'r'));
  const auto path = socket_path(dir / std::string(120, 'd'));
  ASSERT_FALSE(path.ok());
  EXPECT_EQ(path.error().code, Code::invalid_argument);
  EXPECT_NE(path.error().hint.find("XDG_RUNTIME_DIR"), std::string::npos);
}

}  // namespace
}  // namespace shoal::node
