#include "store/journal.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace shoal::store {
namespace {

class MemoryJournal final : public Journal {
 public:
  [[nodiscard]] std::size_t free_space() const override { return kRingSize - used_; }

  [[nodiscard]] Result<void> commit(const FeedId& feed, ByteView head, ByteView group) override {
    if (head.size() > kMaxHeadSize) return Error{Code::limit_exceeded, "journal: the head is too large"};
    if (group.size() > kMaxGroupSize) return Error{Code::limit_exceeded, "journal: the group is too large"};
    if (group.size() > free_space()) return Error{Code::limit_exceeded, "journal: the ring is full"};
    if (!heads_.contains(feed) && heads_.size() == kMaxFeeds) {
      return Error{Code::limit_exceeded, "journal: no head slot is left"};
    }
    heads_[feed] = Bytes(head.begin(), head.end());
    if (!group.empty()) groups_.emplace_back(feed, Bytes(group.begin(), group.end()));
    used_ += group.size();
    return {};
  }

  void release() override {
    // A file journal overwrites released groups when it needs their room; nobody needs them here.
    groups_.clear();
    used_ = 0;
  }

  [[nodiscard]] Result<std::optional<Bytes>> last_head(const FeedId& feed) const override {
    const auto found = heads_.find(feed);
    return found == heads_.end() ? std::optional<Bytes>{} : found->second;
  }

  [[nodiscard]] Result<std::vector<Bytes>> groups(const FeedId& feed) const override {
    std::vector<Bytes> found;
    for (const auto& [owner, group] : groups_) {
      if (owner == feed) found.push_back(group);
    }
    return found;
  }

  [[nodiscard]] std::vector<FeedId> feeds() const override {
    std::vector<FeedId> found;
    for (const auto& [feed, head] : heads_) {
      if (head) found.push_back(feed);
    }
    return found;
  }

  [[nodiscard]] Result<void> forget(const FeedId& feed) override {
    // The entry stays: a slot is never given to another feed, here neither.
    if (const auto found = heads_.find(feed); found != heads_.end()) found->second.reset();
    std::erase_if(groups_, [&](const auto& group) { return group.first == feed; });
    used_ = 0;
    for (const auto& group : groups_) used_ += group.second.size();
    return {};
  }

 private:
  std::unordered_map<FeedId, std::optional<Bytes>> heads_;
  std::vector<std::pair<FeedId, Bytes>> groups_;
  std::size_t used_ = 0;
};

}  // namespace

std::unique_ptr<Journal> make_memory_journal() { return std::make_unique<MemoryJournal>(); }

}  // namespace shoal::store
