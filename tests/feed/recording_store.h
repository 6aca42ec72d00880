#pragma once

#include "base/log_sink.h"
#include "store/forwarding_store.h"
#include "store/rocks_kv_store.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::feed::testing {

/// A store in memory that writes down what is done to it, in a list that several stores may share, and refuses writes
/// on demand.
class RecordingStore final : public store::ForwardingStore {
 public:
  using Calls = std::vector<std::string>;  ///< "heads write yes", "blocks durable" ...

  RecordingStore(const std::string& name, std::shared_ptr<Calls> calls)
      : ForwardingStore(store::open_rocks_store(name, store::Backing::memory, sink()).value()),
        name_(name),
        calls_(std::move(calls)) {}

  /// The write after `writes` more fails with Code::io, and all that follow it, until this is called with -1.
  void fail_after(int writes) { left_ = writes; }
  /// Every call of these kinds fails so until told otherwise; nullopt: none.
  void refuse_writes(std::optional<Error> error) { write_error_ = std::move(error); }
  void refuse_durable(std::optional<Error> error) { durable_error_ = std::move(error); }
  void refuse_checks(std::optional<Error> error) { check_error_ = std::move(error); }
  /// Reading this row, or the first one from there on, fails so; nullopt: nothing does.
  void refuse_row(store::Column column, Bytes key, std::optional<Error> error) {
    unreadable_ = error ? std::optional(Unreadable{column, std::move(key), *std::move(error)}) : std::nullopt;
  }
  /// Iterators over this column end at once and say so; nullopt: none does.
  void refuse_iteration(store::Column column, std::optional<Error> error) {
    broken_ = error ? std::optional(std::pair(column, *std::move(error))) : std::nullopt;
  }
  /// Called at the beginning of each write.
  void on_write(std::function<void()> look) { look_ = std::move(look); }
  [[nodiscard]] const std::vector<store::WriteBatch>& batches() const { return batches_; }

  [[nodiscard]] Result<std::optional<Bytes>> get(store::Column column, ByteView key) const override {
    if (is_unreadable(column, key)) return unreadable_->error;
    return ForwardingStore::get(column, key);
  }
  [[nodiscard]] Result<std::optional<store::KvRow>> first_at(store::Column column, ByteView key) const override {
    if (is_unreadable(column, key)) return unreadable_->error;
    return ForwardingStore::first_at(column, key);
  }
  [[nodiscard]] std::unique_ptr<store::KvIterator> iterate(store::Column column) const override {
    if (broken_ && broken_->first == column) return std::make_unique<BrokenIterator>(broken_->second);
    return ForwardingStore::iterate(column);
  }
  [[nodiscard]] Result<void> write(const store::WriteBatch& batch, store::Sync sync) override {
    if (look_) look_();
    if (left_ == 0) return Error{Code::io, "injected write failure"};
    if (left_ > 0) --left_;
    constexpr const char* kNames[] = {"no", "yes", "deferred"};
    note(std::string("write ") + kNames[static_cast<std::size_t>(sync)]);
    if (write_error_) return *write_error_;
    batches_.push_back(batch);
    return ForwardingStore::write(batch, sync);
  }
  [[nodiscard]] Result<void> make_durable() override {
    note("durable");
    if (durable_error_) return *durable_error_;
    return ForwardingStore::make_durable();
  }
  [[nodiscard]] Result<void> check_writable() const override {
    if (check_error_) return *check_error_;
    return ForwardingStore::check_writable();
  }
  [[nodiscard]] Result<void> drop_range(store::Column column, ByteView begin, ByteView end) override {
    note("drop");
    return ForwardingStore::drop_range(column, begin, end);
  }
  [[nodiscard]] Result<void> reclaim(store::Column column, ByteView begin, ByteView end,
                                     const store::LiveRows& live) override {
    reclaimed_.push_back({column, {Bytes(begin.begin(), begin.end()), Bytes(end.begin(), end.end())}});
    if (look_at_live_) look_at_live_(live);
    if (!reclaim_answer_) return reclaim_answer_;
    return ForwardingStore::reclaim(column, begin, end, live);
  }
  void answer_reclaim(Result<void> answer) { reclaim_answer_ = std::move(answer); }
  /// Column, begin and end of each reclaim().
  [[nodiscard]] const std::vector<std::pair<store::Column, std::pair<Bytes, Bytes>>>& reclaimed() const {
    return reclaimed_;
  }

  /// Called with what each reclaim() is given.
  void on_reclaim(std::function<void(const store::LiveRows&)> look) { look_at_live_ = std::move(look); }

 private:
  class BrokenIterator final : public store::KvIterator {
   public:
    explicit BrokenIterator(Error error) : error_(std::move(error)) {}
    void seek(ByteView) override {}
    void seek_for_prev(ByteView) override {}
    void next() override {}
    void prev() override {}
    [[nodiscard]] bool valid() const override { return false; }
    [[nodiscard]] ByteView key() const override { return {}; }
    [[nodiscard]] ByteView value() const override { return {}; }
    [[nodiscard]] Result<void> status() const override { return error_; }

   private:
    Error error_;
  };
  struct Unreadable {
    store::Column column;
    Bytes key;
    Error error;
  };
  static base::LogSink& sink() {
    static base::NullLogSink none;
    return none;
  }
  [[nodiscard]] bool is_unreadable(store::Column column, ByteView key) const {
    return unreadable_ && unreadable_->column == column && std::ranges::equal(unreadable_->key, key);
  }
  void note(const std::string& what) { calls_->push_back(name_ + " " + what); }

  std::string name_;
  std::shared_ptr<Calls> calls_;
  int left_ = -1;
  std::optional<Unreadable> unreadable_;
  std::optional<std::pair<store::Column, Error>> broken_;
  std::optional<Error> write_error_;
  std::optional<Error> durable_error_;
  std::optional<Error> check_error_;
  Result<void> reclaim_answer_;
  std::function<void()> look_;
  std::vector<store::WriteBatch> batches_;
  std::vector<std::pair<store::Column, std::pair<Bytes, Bytes>>> reclaimed_;
  std::function<void(const store::LiveRows&)> look_at_live_;
};

}  // namespace shoal::feed::testing
