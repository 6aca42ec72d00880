#include "attach/client/remote_mirror.h"

#include "base/json_text.h"
#include "base/try.h"
#include "doors/text/retention_json.h"

namespace shoal::attach {

Result<std::shared_ptr<RemoteMirror>> RemoteMirror::open(std::shared_ptr<NodeClient> client, const std::string& path,
                                                         const MirrorOptions& options) {
  std::string body;
  base::JsonWriter json(body);
  doors::write_mirror_options(options, json);
  SHOAL_CHECK(client->ask({"PUT", path + "/mirror", "application/json", std::move(body)}, answer_time()));
  SHOAL_TRY(auto connection, client->stream({.target = path + "/mirror"}, answer_time()));
  return std::shared_ptr<RemoteMirror>(new RemoteMirror(std::move(client), LineStream(std::move(connection))));
}

Result<std::uint64_t> RemoteMirror::wait_synced(const Wait& wait) {
  const doors::Until until = doors::Until::wait(wait);
  const std::lock_guard lock(mutex_);
  for (;;) {
    auto line = stream_.next(until);
    if (!line.ok()) {
      if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
      if (line.error().code != Code::timed_out) return std::move(line).error();
      return Error{Code::timed_out, "nothing new was synced in time", "shoal peers shows who is connected"};
    }
    if (line->kind != "synced") continue;
    doors::JsonReader synced = line->object();
    const std::uint64_t size = synced.size("tree_size");
    SHOAL_CHECK(synced.finish());
    return size;
  }
}

}  // namespace shoal::attach
