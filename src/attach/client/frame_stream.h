#pragma once

#include "attach/client/line_stream.h"
#include "doors/http/http_connection.h"
#include "doors/text/batch_frame.h"
#include "node/api/batch_api.h"

#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace shoal::attach {

/// The frames of a streamed answer (docs/API.md, "Batches"): lines, and batches. Confined to one thread. An `error`
/// line is given as that error, an answer that was cut off is Code::closed; both again each time.
class FrameStream {
 public:
  using Item = std::variant<StreamLine, node::SelectedBatch>;

  explicit FrameStream(std::shared_ptr<doors::HttpConnection> connection) : connection_(std::move(connection)) {}

  /// Code::unsupported when the answer is no stream of frames. After its head was read.
  [[nodiscard]] Result<void> check_type() const;
  /// The next item; Code::timed_out and Code::cancelled leave the stream as it was. `idle` lines are left out.
  [[nodiscard]] Result<Item> next(const doors::Until& until);
  [[nodiscard]] doors::HttpConnection& connection() const { return *connection_; }

 private:
  [[nodiscard]] Result<Item> to_item(const doors::Frame& frame);
  [[nodiscard]] Error fail(Error error);

  std::shared_ptr<doors::HttpConnection> connection_;
  doors::FrameSplitter splitter_;
  std::optional<Error> failure_;
};

}  // namespace shoal::attach
