#include "node/reading/offset_request.h"

#include <utility>

namespace shoal::node {

std::shared_ptr<const OffsetRequest> OffsetRequest::start(FeedHost& host, const TopicPartition& stream, Offset offset,
                                                          base::MonoTime timeout) {
  const std::shared_ptr<OffsetRequest> request(new OffsetRequest(stream, offset));
  host.post([&host, request, timeout] {
    host.replicator().fetch_offset(request->stream_, request->offset_, timeout,
                                   [&host, request](Result<BlockIndex> found) {
                                     {
                                       const std::lock_guard lock(request->mutex_);
                                       request->answer_ = std::move(found);
                                     }
                                     host.news().notify();
                                   });
  });
  return request;
}

std::optional<Result<BlockIndex>> OffsetRequest::answer() const {
  const std::lock_guard lock(mutex_);
  return answer_;
}

}  // namespace shoal::node
