#include "attach/client/frame_stream.h"

#include "base/try.h"

#include <utility>

namespace shoal::attach {
namespace {

constexpr const char* kSameVersion = "use the same version of shoal for all processes of a directory";

}  // namespace

Result<void> FrameStream::check_type() const {
  if (connection_->header("Content-Type") == doors::kBatchesType) return {};
  return Error{Code::unsupported, "the node does not answer with batches", kSameVersion};
}

Error FrameStream::fail(Error error) {
  failure_ = std::move(error);
  return *failure_;
}

Result<FrameStream::Item> FrameStream::next(const doors::Until& until) {
  if (failure_) return *failure_;
  for (;;) {
    const auto frame = splitter_.next();
    if (!frame) return fail({Code::unsupported, frame.error().message, kSameVersion});
    if (*frame) {
      auto item = to_item(**frame);
      if (!item) return fail(std::move(item).error());
      const auto* const line = std::get_if<StreamLine>(&*item);
      if (line == nullptr || line->kind != "idle") return item;
      continue;
    }
    const auto more = connection_->read_body(splitter_.buffer(), until);
    if (!more.ok()) {
      const Code code = more.error().code;
      if (code == Code::timed_out || code == Code::cancelled) return more.error();
      return fail(more.error());
    }
    if (!*more) return fail(doors::connection_lost());
  }
}

Result<FrameStream::Item> FrameStream::to_item(const doors::Frame& frame) {
  if (frame.kind == doors::FrameKind::line) {
    SHOAL_TRY(auto line, parse_stream_line(frame.body));
    return Item(std::move(line));
  }
  auto batch = doors::read_batch_frame(frame.body);
  if (frame.kind != doors::FrameKind::batch || !batch) {
    return Error{Code::unsupported, "the node's stream has a frame that this version does not know", kSameVersion};
  }
  return Item(std::move(*batch));
}

}  // namespace shoal::attach
