#pragma once

#include "attach/client/line_stream.h"
#include "attach/client/node_client.h"
#include "doors/text/record_line.h"
#include "node/api/deadline.h"
#include "node/api/feed_reference.h"
#include "node/api/subscription_api.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shoal::attach {

/// Reads one feed through the node of another process. Lines are taken from the node as polls ask for records; what
/// waits beyond that waits in the node. After the node ended: Code::closed.
class RemoteSubscription final : public node::SubscriptionApi {
 public:
  [[nodiscard]] static Result<std::shared_ptr<RemoteSubscription>> open(std::shared_ptr<NodeClient> client,
                                                                        node::FeedReference feed,
                                                                        SubscribeOptions options);
  ~RemoteSubscription() override;

  [[nodiscard]] Result<Poll> poll(const PollOptions& options) override;
  /// The connection's: what is taken from it already, poll() gives without waiting.
  [[nodiscard]] Result<int> descriptor() override;
  [[nodiscard]] Result<void> set_topics(std::vector<std::string> topics) override;
  [[nodiscard]] std::string cursor_after(const RecordView& record) const override;
  [[nodiscard]] Result<void> commit(const std::string& token, const std::string& note) override;
  [[nodiscard]] Result<std::optional<StoredCursor>> stored() const override;
  [[nodiscard]] HeadReport head_report() const override { return report_; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> head_age() const override;

 private:
  using Lines = std::vector<doors::RecordLine>;

  RemoteSubscription(std::shared_ptr<NodeClient> client, node::FeedReference feed, SubscribeOptions options)
      : client_(std::move(client)), feed_(std::move(feed)), options_(std::move(options)) {
    options_.find_timeout = node::limited(options_.find_timeout);
  }

  [[nodiscard]] Result<void> connect();
  /// Takes one line in; true when it ended the stream.
  [[nodiscard]] Result<bool> take(StreamLine line, Lines& records);

  std::shared_ptr<NodeClient> client_;
  const node::FeedReference feed_;
  SubscribeOptions options_;  ///< topics are those of now
  std::unique_ptr<LineStream> stream_;
  bool ended_ = false;
  std::optional<Error> ended_by_;  ///< what the stream ended with
  HeadReport report_;
  std::shared_ptr<const Lines> last_;  ///< of the newest poll, for cursor_after
  mutable std::size_t looked_ = 0;     ///< where cursor_after() found a record last
  std::string last_cursor_;
};

}  // namespace shoal::attach
