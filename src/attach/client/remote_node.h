#pragma once

#include "attach/client/node_client.h"
#include "attach/client/remote_keeping.h"
#include "attach/client/remote_owning.h"
#include "attach/client/remote_reading.h"
#include "node/api/node_api.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace shoal::attach {

/// The node of another process, over its socket (docs/API.md). Errors arrive unchanged. After that process
/// ended, and after close(), calls return Code::closed.
class RemoteNode final : public node::NodeApi {
 public:
  /// `passphrase` is asked when the node needs it for a sealed key. Code::unsupported for a node of another API, whose
  /// version is named; Code::closed when nobody listens at `socket`; Code::timed_out.
  [[nodiscard]] static Result<std::shared_ptr<RemoteNode>> attach(const std::filesystem::path& socket,
                                                                  std::function<Result<std::string>()> passphrase,
                                                                  const Wait& wait);
  ~RemoteNode() override;

  /// Whether the same process still answers, within the time.
  [[nodiscard]] bool answers(const Wait& wait);
  /// Closes the idle connections.
  void rest() { client_->rest(); }

  [[nodiscard]] node::ReadingApi& reading() override { return reading_; }
  [[nodiscard]] node::OwningApi& owning() override { return owning_; }
  [[nodiscard]] node::KeepingApi& keeping() override { return keeping_; }

  /// As they were when the node was attached to.
  [[nodiscard]] Result<node::NodeFacts> facts() override { return facts_; }
  [[nodiscard]] std::string listening() const override { return facts_.listening; }
  [[nodiscard]] Result<node::DoctorReport> doctor(const std::optional<node::FeedReference>& feed,
                                                  const Wait& wait) override;
  void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) override;
  void serve_all() override;
  void close() override;

 private:
  RemoteNode(std::shared_ptr<NodeClient> client, std::function<Result<std::string>()> passphrase)
      : client_(std::move(client)), reading_(client_), owning_(client_, std::move(passphrase)), keeping_(client_) {}

  void watch_events();

  const std::shared_ptr<NodeClient> client_;
  RemoteReading reading_;
  RemoteOwning owning_;
  RemoteKeeping keeping_;
  node::NodeFacts facts_;

  std::mutex mutex_;
  std::vector<std::function<void(const PeerInfo&, std::string_view)>> on_blamed_;
  std::thread events_;
};

}  // namespace shoal::attach
