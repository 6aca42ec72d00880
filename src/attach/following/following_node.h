#pragma once

#include "attach/following/following_keeping.h"
#include "attach/following/following_owning.h"
#include "attach/following/following_reading.h"
#include "attach/following/open_node.h"

#include <shoal/wait.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace shoal::attach {

/// The node behind the current access to a directory (see open_node()). Thread-safe. Subscriptions and mirrors share
/// its access, which ends with the last of them.
class FollowingNode final : public SharedNode {
 public:
  explicit FollowingNode(std::shared_ptr<CurrentAccess> access)
      : access_(std::move(access)), reading_(access_), owning_(access_), keeping_(access_) {}

  [[nodiscard]] bool attached() const override { return access_->get()->attached(); }
  [[nodiscard]] std::size_t clients() const override { return access_->get()->clients(); }
  bool wait_for_clients(const Wait& wait) const override { return access_->get()->wait_for_clients(wait); }
  void on_moved(std::function<void()> callback) override { access_->on_moved(std::move(callback)); }
  void check_holder() override { access_->check_holder(); }

  [[nodiscard]] node::ReadingApi& reading() override { return reading_; }
  [[nodiscard]] node::OwningApi& owning() override { return owning_; }
  [[nodiscard]] node::KeepingApi& keeping() override { return keeping_; }

  [[nodiscard]] Result<node::NodeFacts> facts() override;
  [[nodiscard]] std::string listening() const override { return access_->get()->api().listening(); }
  [[nodiscard]] Result<node::DoctorReport> doctor(const std::optional<node::FeedReference>& feed,
                                                  const Wait& wait) override;
  void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) override {
    access_->on_peer_blamed(std::move(callback));
  }
  void serve_all() override { access_->serve_all(); }
  void close() override { access_->close(); }

 private:
  const std::shared_ptr<CurrentAccess> access_;
  FollowingReading reading_;
  FollowingOwning owning_;
  FollowingKeeping keeping_;
};

}  // namespace shoal::attach
