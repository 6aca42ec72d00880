#pragma once

#include "attach/client/frame_stream.h"
#include "attach/client/node_client.h"
#include "node/api/deadline.h"
#include "node/api/feed_reference.h"
#include "node/api/subscription_api.h"
#include "node/reading/slice_poll.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::attach {

/// Reads one feed through the node of another process: batches as they are stored, which are opened here. They are
/// taken from the node as polls ask for records; what waits beyond that waits in the node. After the node ended:
/// Code::closed.
class RemoteSubscription final : public node::SubscriptionApi {
 public:
  [[nodiscard]] static Result<std::shared_ptr<RemoteSubscription>> open(std::shared_ptr<NodeClient> client,
                                                                        node::FeedReference feed,
                                                                        SubscribeOptions options);
  ~RemoteSubscription() override;

  [[nodiscard]] Result<Poll> poll(const PollOptions& options) override;
  [[nodiscard]] Result<node::BatchPoll> poll_batches(const PollOptions& options) override;
  /// The connection's: what is taken from it already, poll() gives without waiting.
  [[nodiscard]] Result<int> descriptor() override;
  [[nodiscard]] Result<void> set_topics(std::vector<std::string> topics) override;
  [[nodiscard]] std::string cursor_after(const RecordView& record) const override {
    return slices_.cursor_after(record);
  }
  [[nodiscard]] Result<void> commit(const std::string& token, const std::string& note) override;
  [[nodiscard]] Result<std::optional<StoredCursor>> stored() const override;
  [[nodiscard]] HeadReport head_report() const override { return report_; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> head_age() const override;

 private:
  RemoteSubscription(std::shared_ptr<NodeClient> client, node::FeedReference feed, SubscribeOptions options)
      : client_(std::move(client)), feed_(std::move(feed)), options_(std::move(options)) {
    options_.find_timeout = node::limited(options_.find_timeout);
  }

  [[nodiscard]] Result<void> connect();
  /// The next batch; nullopt at the end of the stream. What is said beside batches is noted.
  [[nodiscard]] Result<std::optional<node::SelectedBatch>> next_batch(const doors::Until& until);
  /// The next batch with selected records, opened.
  [[nodiscard]] Result<std::optional<topic::Slice>> next_slice(const doors::Until& until);
  [[nodiscard]] Result<void> take(StreamLine line);
  /// After it nothing more is read.
  [[nodiscard]] Error fail(const Error& error);

  std::shared_ptr<NodeClient> client_;
  const node::FeedReference feed_;
  SubscribeOptions options_;  ///< topics are those of now
  std::unique_ptr<FrameStream> stream_;
  bool ended_ = false;
  std::optional<Error> ended_by_;  ///< what the stream ended with
  HeadReport report_;
  node::SlicePoll slices_;
};

}  // namespace shoal::attach
