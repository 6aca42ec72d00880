#include "attach/client/remote_watch.h"

#include "base/try.h"
#include "doors/text/remote_paths.h"

#include <utility>

namespace shoal::attach {

Result<std::shared_ptr<RemoteWatch>> RemoteWatch::open(std::shared_ptr<NodeClient> client,
                                                       const node::FeedReference& feed) {
  SHOAL_TRY(auto connection, client->stream({.target = doors::feed_path(feed) + "/watch"}, answer_time()));
  std::shared_ptr<RemoteWatch> made(new RemoteWatch(std::move(client), std::move(connection)));
  // The first line says where it begins.
  SHOAL_CHECK(made->take_line(answer_time()));
  return made;
}

Result<std::uint64_t> RemoteWatch::version() {
  if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
  for (;;) {
    const auto taken = take_line({doors::Until::Clock::time_point{}, {}});
    if (taken) continue;
    if (taken.error().code == Code::timed_out) return version_;
    // An ended connection is readable for good.
    lines_.connection().end();
    return taken.error();
  }
}

Result<void> RemoteWatch::take_line(const doors::Until& until) {
  SHOAL_TRY(auto line, lines_.next(until));
  if (line.kind != "changed") {
    return Error{Code::unsupported, "the node's stream says '" + line.kind + "', which this version does not know",
                 "use the same version of shoal for all processes of a directory"};
  }
  doors::JsonReader changed = line.object();
  version_ = changed.size("version");
  return changed.finish();
}

}  // namespace shoal::attach
