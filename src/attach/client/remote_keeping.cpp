#include "attach/client/remote_keeping.h"

#include "attach/client/line_stream.h"
#include "attach/client/remote_mirror.h"
#include "base/json_text.h"
#include "base/try.h"
#include "doors/text/batch_json.h"
#include "doors/text/options_text.h"
#include "doors/text/query.h"
#include "doors/text/remote_paths.h"
#include "doors/text/report_json.h"

/// Each call is one request to the node of the other process (docs/API.md). A cursor or a group is one JSON answer;
/// verify(), export and import are streams with progress lines between. Two things are not plain requests:
/// - The reading of an answer wakes every kTick to call `progress`, because only that callback can cancel a long call.
///   Without it a user who stops `shoal verify` waits until the node has sent its next line.
/// - An import reads answers while it sends. Without it both ends wait for each other once the answers fill the socket,
///   and the reason of a node that refuses the rest is lost.
namespace shoal::attach {
namespace {

constexpr const char* kJson = "application/json";

std::string groups_path(const FeedId& feed) { return doors::feed_path(feed) + "/groups"; }
std::string group_path(const FeedId& feed, const std::string& group) {
  return groups_path(feed) + "/" + doors::percent_encode(group);
}

/// While the node sends nothing, `progress` is called this often: it may ask to stop.
constexpr std::chrono::milliseconds kTick{200};

/// Passes progress on, and asks regularly whether to stop.
class Ticker {
 public:
  explicit Ticker(const node::Progress& progress) : progress_(progress) {}

  [[nodiscard]] Result<void> tick() const {
    if (!progress_ || progress_(done_, total_)) return {};
    return Error{Code::cancelled, "stopped", ""};
  }
  [[nodiscard]] Result<void> tell(std::uint64_t done, std::uint64_t total) {
    done_ = done;
    total_ = total;
    return tick();
  }
  [[nodiscard]] static doors::Until until() { return {doors::Until::Clock::now() + kTick, {}}; }

 private:
  const node::Progress& progress_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 1;
};

/// Reads progress lines up to the `end` line; returns its object.
Result<doors::JsonReader> await_end(LineStream& lines, Ticker& ticker) {
  for (;;) {
    auto line = lines.next(Ticker::until());
    if (!line.ok()) {
      if (line.error().code != Code::timed_out) return std::move(line).error();
      SHOAL_CHECK(ticker.tick());
    } else if (line->kind == "progress") {
      doors::JsonReader progress = line->object();
      const std::uint64_t done = progress.size("done");
      const std::uint64_t total = progress.size("total");
      SHOAL_CHECK(progress.finish());
      SHOAL_CHECK(ticker.tell(done, total));
    } else if (line->kind == "end") {
      return line->object();
    }
  }
}

/// Sends all of `source` and reads what the node answers meanwhile.
Result<void> send_body(doors::HttpConnection& connection, const node::ByteSource& source, const Ticker& ticker) {
  connection.read_while_sending();
  for (;;) {
    SHOAL_TRY(const Bytes bytes, source());
    SHOAL_CHECK(ticker.tick());
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const doors::Until until = answer_time();
    const auto sent = bytes.empty() ? connection.end_body(until) : connection.send_chunk(text, until);
    // A node that refuses the rest closes the connection, and its answer says why.
    if (!sent.ok() && sent.error().code == Code::closed) return {};
    if (!sent.ok() || bytes.empty()) return sent;
  }
}

}  // namespace

Result<std::shared_ptr<node::MirrorApi>> RemoteKeeping::mirror(const node::FeedReference& feed,
                                                               const MirrorOptions& options) {
  SHOAL_TRY(auto made, RemoteMirror::open(client_, doors::feed_path(feed), options));
  return std::shared_ptr<node::MirrorApi>(std::move(made));
}

Result<void> RemoteKeeping::remove(const node::FeedReference& feed) {
  SHOAL_CHECK(client_->ask({"DELETE", doors::feed_path(feed)}, answer_time()));
  return {};
}

Result<std::optional<StoredCursor>> RemoteKeeping::stored_cursor(const node::FeedReference& feed,
                                                                 const std::string& name) {
  SHOAL_TRY(auto answer, client_->ask({.target = doors::cursor_path(feed.feed, name)}, answer_time()));
  if (answer.is_null("cursor")) return std::optional<StoredCursor>{};
  SHOAL_TRY(auto cursor, doors::read_stored_cursor(answer.object("cursor")));
  return std::optional(std::move(cursor));
}

Result<void> RemoteKeeping::store_cursor(const node::FeedReference& feed, const std::string& name,
                                         const StoredCursor& cursor) {
  if (name.empty()) return Error{Code::invalid_argument, "a cursor needs a name", ""};
  doors::HttpRequest request{"PUT", doors::cursor_path(feed.feed, name), kJson};
  base::JsonWriter json(request.body);
  doors::write_stored_cursor(cursor, json);
  SHOAL_CHECK(client_->ask(request, answer_time()));
  return {};
}

Result<void> RemoteKeeping::replace_cursor(const node::FeedReference& feed, const std::string& name,
                                           const std::string& expected, const StoredCursor& cursor) {
  if (name.empty()) return Error{Code::invalid_argument, "a cursor needs a name", ""};
  doors::QueryWriter query;
  query.add("if_token", expected);
  doors::HttpRequest request{"PUT", doors::cursor_path(feed.feed, name) + query.text(), kJson};
  base::JsonWriter json(request.body);
  doors::write_stored_cursor(cursor, json);
  SHOAL_CHECK(client_->ask(request, answer_time()));
  return {};
}

Result<std::vector<node::NamedCursor>> RemoteKeeping::list_cursors(const node::FeedReference& feed) {
  SHOAL_TRY(auto answer, client_->ask({.target = doors::feed_path(feed.feed) + "/cursors"}, answer_time()));
  std::vector<node::NamedCursor> cursors;
  for (const doors::JsonReader& item : answer.objects("cursors")) {
    SHOAL_TRY(auto cursor, doors::read_named_cursor(item));
    cursors.push_back(std::move(cursor));
  }
  SHOAL_CHECK(answer.finish());
  return cursors;
}

Result<void> RemoteKeeping::erase_cursor(const node::FeedReference& feed, const std::string& name) {
  SHOAL_CHECK(client_->ask({"DELETE", doors::cursor_path(feed.feed, name)}, answer_time()));
  return {};
}

Result<void> RemoteKeeping::store_group_offsets(const node::FeedReference& feed, const std::string& group,
                                                const std::vector<node::GroupOffset>& offsets) {
  if (group.empty()) return Error{Code::invalid_argument, "a group needs a name", ""};
  doors::HttpRequest request{"PUT", group_path(feed.feed, group), kJson};
  base::JsonWriter json(request.body);
  doors::write_group_offsets(offsets, json);
  SHOAL_CHECK(client_->ask(request, answer_time()));
  return {};
}

Result<std::vector<node::GroupOffset>> RemoteKeeping::group_offsets(const node::FeedReference& feed,
                                                                    const std::string& group) {
  if (group.empty()) return Error{Code::invalid_argument, "a group needs a name", ""};
  SHOAL_TRY(const auto answer, client_->ask({.target = group_path(feed.feed, group)}, answer_time()));
  return doors::read_group_offsets(answer);
}

Result<std::vector<std::string>> RemoteKeeping::groups(const node::FeedReference& feed) {
  SHOAL_TRY(auto answer, client_->ask({.target = groups_path(feed.feed)}, answer_time()));
  auto names = answer.texts("groups");
  SHOAL_CHECK(answer.finish());
  return names;
}

Result<void> RemoteKeeping::erase_group(const node::FeedReference& feed, const std::string& group) {
  if (group.empty()) return Error{Code::invalid_argument, "a group needs a name", ""};
  SHOAL_CHECK(client_->ask({"DELETE", group_path(feed.feed, group)}, answer_time()));
  return {};
}

Result<node::AuditReport> RemoteKeeping::verify(const node::FeedReference& feed, const node::Progress& progress) {
  SHOAL_TRY(auto connection, client_->stream({"POST", doors::feed_path(feed) + "/verify"}, answer_time()));
  LineStream lines(std::move(connection));
  Ticker ticker(progress);
  SHOAL_TRY(auto end, await_end(lines, ticker));
  return doors::read_audit_report(std::move(end));
}

Result<node::BundleSummary> RemoteKeeping::export_bundle(const node::FeedReference& feed,
                                                         const node::ExportOptions& options, const node::ByteSink& sink,
                                                         const node::Progress& progress) {
  doors::QueryWriter query;
  doors::write_export_query(options, query);
  SHOAL_TRY(const auto connection,
            client_->stream({.target = doors::feed_path(feed) + "/bundle" + query.text()}, answer_time()));
  const Ticker ticker(progress);
  std::string bytes;
  for (;;) {
    bytes.clear();
    const auto more = connection->read_body(bytes, Ticker::until());
    if (!more.ok() && more.error().code == Code::timed_out) {
      SHOAL_CHECK(ticker.tick());
      continue;
    }
    if (!more.ok() && more.error().code == Code::closed && !client_->closed()) {
      return Error{Code::closed, "the node could not finish the bundle, or ended", "shoal verify looks for damage"};
    }
    SHOAL_CHECK(more);
    if (!*more) break;
    SHOAL_CHECK(sink(ByteView(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size())));
    SHOAL_CHECK(ticker.tick());
  }
  SHOAL_TRY(auto summary, doors::JsonReader::parse(connection->header("Shoal-Summary")));
  return doors::read_bundle_summary(std::move(summary));
}

Result<node::BundleSummary> RemoteKeeping::import_bundle(const node::ByteSource& source,
                                                         const node::Progress& progress) {
  doors::HttpRequest request{.method = "POST", .target = "/v1/bundles", .content_type = "application/octet-stream"};
  request.streamed = true;
  SHOAL_TRY(auto connection, client_->stream(request, answer_time()));
  Ticker ticker(progress);
  SHOAL_CHECK(send_body(*connection, source, ticker));
  SHOAL_CHECK(NodeClient::expect_success(*connection, answer_time()));
  LineStream lines(std::move(connection));
  SHOAL_TRY(auto end, await_end(lines, ticker));
  return doors::read_bundle_summary(std::move(end));
}

}  // namespace shoal::attach
