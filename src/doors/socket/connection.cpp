#include "doors/socket/connection.h"

#include "base/try.h"
#include "doors/socket/route_table.h"
#include "doors/text/batch_frame.h"

#include <array>
#include <variant>

namespace shoal::doors {
namespace {

constexpr std::size_t kLingerBytes = std::size_t{4} << 20;
constexpr std::chrono::seconds kLinger{1};

/// Hands the handler the right that it takes.
Result<void> run_handler(const Handler& handler, Call& call, node::NodeApi& node) {
  struct {
    Call& call;
    node::NodeApi& node;
    Result<void> operator()(ReadingHandler run) const { return run(call); }
    Result<void> operator()(OwningHandler run) const { return run(call, node.owning()); }
    Result<void> operator()(KeepingHandler run) const { return run(call, node.keeping()); }
    Result<void> operator()(NodeHandler run) const { return run(call, node); }
  } const with_right{call, node};
  return std::visit(with_right, handler);
}

}  // namespace

Connection::Connection(FileDescriptor socket, node::NodeApi& node, EventHub& events, StreamPlaces& places,
                       const ServerOptions& options)
    : stream_(std::move(socket)),
      node_(node),
      events_(events),
      places_(places),
      options_(options),
      reader_(stream_, options.request) {}

void Connection::run() {
  while (!stop_.stop_requested() && serve_one()) {
  }
  if (!stop_.stop_requested()) linger();
  stream_.shut_down();
}

void Connection::hang_up() {
  stop_.request_stop();
  stream_.shut_down();
}

bool Connection::serve_one() {
  const auto head = reader_.next();
  if (head && !*head) return false;
  Answer answered(stream_, head && (*head)->keep_alive, options_.patience);
  if (!head) {
    answered.fail(head.error());
    return false;
  }
  const auto done = answer(**head, answered);
  if (done) return answered.reusable();
  // The rest of the body is not read, so the connection cannot be used again; the answer says so.
  if (!reader_.body_done()) answered.close_after();
  const bool stopped = stop_.stop_requested() && done.error().code == Code::cancelled;
  answered.fail(stopped ? Error{Code::closed, "the node is closed", ""} : done.error());
  return answered.reusable();
}

Result<void> Connection::answer(const RequestHead& head, Answer& answer) {
  SHOAL_TRY(auto route, find_route(head.method, head.path));
  SHOAL_TRY(auto query, QueryReader::parse(head.query));
  Call call{node_.reading(),
            events_,
            places_,
            reader_,
            answer,
            std::move(route.arguments),
            std::move(query),
            head.content_type == kBatchesType,
            head.accept == kBatchesType,
            stop_.get_token(),
            options_.idle_line,
            options_.producer_grace};
  return run_handler(route.handler, call, node_);
}

void Connection::linger() {
  stream_.end_writing();
  std::array<char, 4096> dropped;
  const auto deadline = std::chrono::steady_clock::now() + kLinger;
  for (std::size_t total = 0; total < kLingerBytes;) {
    const auto count = stream_.read_some(dropped, deadline);
    if (!count || *count == 0) return;
    total += *count;
  }
}

void refuse_connection(FileDescriptor socket, std::size_t limit) {
  SocketStream stream(std::move(socket));
  Answer answer(stream, false, std::chrono::milliseconds(0));
  answer.fail({Code::limit_exceeded, "the node has " + std::to_string(limit) + " connections already",
               "close some, or ask again later"});
}

}  // namespace shoal::doors
