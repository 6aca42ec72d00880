#pragma once

#include "command.h"
#include "service_notifier.h"

#include "attach/following/open_node.h"
#include "node/bundles/bundle_node.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

/// The node that a command runs on, and the feed its first argument names.
namespace shoal::command {

/// A directory below $TMPDIR that is gone with this object.
class ScratchDirectory {
 public:
  [[nodiscard]] static Result<ScratchDirectory> make(const std::filesystem::path& below);
  ScratchDirectory(ScratchDirectory&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  ScratchDirectory& operator=(ScratchDirectory&&) = delete;
  ~ScratchDirectory();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

/// The directory's node, opened here or asked through the process that has it; left with this object. When other
/// processes work through this one, it stays until they have finished, or until a signal.
class NodeSession {
 public:
  enum class Kind : std::uint8_t {
    job,    ///< does something to its end
    stays,  ///< stay() follows: an attached one does not hold up the end of the process that has the directory
  };

  /// Opens `common`'s directory, prints `listening HOST:PORT` when the command uses a network that is open, names the
  /// options that do not count because another process has the network, and from then on names peers that were caught.
  [[nodiscard]] static Result<NodeSession> open(Context& context, const CommonOptions& common, Kind kind = Kind::job);
  NodeSession(NodeSession&& other) noexcept = default;
  NodeSession& operator=(NodeSession&&) = delete;
  ~NodeSession();

  [[nodiscard]] node::NodeApi& api() const { return *shared_; }
  node::NodeApi* operator->() const { return shared_.get(); }
  /// Another process has the directory.
  [[nodiscard]] bool attached() const { return shared_->attached(); }
  /// Waits for a signal. When the process that has the directory ends meanwhile, this one takes its place and calls
  /// `serve`.
  void stay(const std::function<void()>& serve);

 private:
  NodeSession(Context& context, std::shared_ptr<attach::SharedNode> shared)
      : context_(&context), shared_(std::move(shared)) {}
  void watch_moves(const CommonOptions& common);
  void name_blamed();

  Context* context_;
  std::shared_ptr<attach::SharedNode> shared_;
  std::shared_ptr<std::atomic<bool>> moved_ = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<ServiceNotifier> notifier_;  ///< when the network is open
};

/// A feed that is ready to be read: of a directory's node, or of a bundle in place.
struct OpenFeed {
  std::optional<NodeSession> of_directory = {};
  std::shared_ptr<node::BundleNode> of_bundle = {};
  node::ReadingApi* reading = nullptr;  ///< of one of them
  node::FeedReference feed = {};
  bool bundle = false;

  /// Hashes everything that is held of it again.
  [[nodiscard]] Result<node::AuditReport> verify(const node::Progress& progress) const;
};

/// Own name, 64 hex digits, link or bundle file. Code::not_found and Code::invalid_argument as ReadingApi::resolve, a
/// bundle's own errors, and those of opening.
[[nodiscard]] Result<OpenFeed> open_feed(Context& context, const CommonOptions& common, const std::string& argument);

}  // namespace shoal::command
