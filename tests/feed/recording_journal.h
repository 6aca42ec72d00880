#pragma once

#include "store/journal.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::feed::testing {

/// A journal in memory that writes down what is done to it, in a list that it may share with stores, and refuses
/// commits or has no room on demand.
class RecordingJournal final : public store::Journal {
 public:
  using Calls = std::vector<std::string>;  ///< "journal head", "journal group" ...

  explicit RecordingJournal(std::shared_ptr<Calls> calls) : calls_(std::move(calls)) {}

  /// Every commit from now on fails so; nullopt: none.
  void fail_with(std::optional<Error> error) { error_ = std::move(error); }
  /// The room that it says to have; nullopt: what it has.
  void say_free(std::optional<std::size_t> bytes, std::optional<std::size_t> after_release = std::nullopt) {
    free_ = bytes;
    free_after_release_ = after_release;
  }
  /// The newest head of every feed reads so; nullopt: as it was committed.
  void answer_last_head(std::optional<Result<std::optional<Bytes>>> answer) { last_head_ = std::move(answer); }
  /// More groups, as if they were in the ring.
  void add_group(Bytes group) { added_.push_back(std::move(group)); }
  /// Feeds that it says to have heads of; nullopt: those it has.
  void say_feeds(std::optional<std::vector<FeedId>> feeds) { feeds_ = std::move(feeds); }
  void fail_groups(std::optional<Error> error) { groups_error_ = std::move(error); }

  [[nodiscard]] std::size_t free_space() const override { return free_ ? *free_ : inner_->free_space(); }
  [[nodiscard]] Result<void> commit(const FeedId& feed, ByteView head, ByteView group) override {
    calls_->emplace_back(group.empty() ? "journal head" : "journal group");
    if (error_) return *error_;
    return inner_->commit(feed, head, group);
  }
  void release() override {
    calls_->emplace_back("journal release");
    if (free_after_release_) free_ = free_after_release_;
    inner_->release();
  }
  [[nodiscard]] Result<std::optional<Bytes>> last_head(const FeedId& feed) const override {
    return last_head_ ? *last_head_ : inner_->last_head(feed);
  }
  [[nodiscard]] Result<std::vector<Bytes>> groups(const FeedId& feed) const override {
    if (groups_error_) return *groups_error_;
    auto found = inner_->groups(feed);
    if (found) found->insert(found->end(), added_.begin(), added_.end());
    return found;
  }
  [[nodiscard]] std::vector<FeedId> feeds() const override { return feeds_ ? *feeds_ : inner_->feeds(); }
  [[nodiscard]] Result<void> forget(const FeedId& feed) override {
    calls_->emplace_back("journal forget");
    return inner_->forget(feed);
  }

 private:
  std::unique_ptr<store::Journal> inner_ = store::make_memory_journal();
  std::shared_ptr<Calls> calls_;
  std::optional<Error> error_;
  std::optional<Error> groups_error_;
  std::optional<std::size_t> free_;
  std::optional<std::size_t> free_after_release_;
  std::optional<Result<std::optional<Bytes>>> last_head_;
  std::optional<std::vector<FeedId>> feeds_;
  std::vector<Bytes> added_;
};

}  // namespace shoal::feed::testing
