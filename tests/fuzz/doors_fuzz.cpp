// What a client may send to the node's socket: requests, queries, JSON, lines. What is taken is written and taken the
// same again.
#include "fuzz/fuzz.h"

#include "doors/http/http_request.h"
#include "doors/text/error_json.h"
#include "doors/text/info_json.h"
#include "doors/text/line_splitter.h"
#include "doors/text/options_text.h"
#include "doors/text/record_line.h"
#include "doors/text/report_json.h"

#include <sys/socket.h>

namespace {

using namespace shoal;
using namespace shoal::doors;

enum Parser : std::uint8_t { kRequest, kQuery, kProducerLine, kRecordLine, kObjects, kLines, kParsers };

/// Requests on one connection, bodies included, until something is wrong or nothing more comes.
void requests(std::string_view text) {
  int ends[2];
  SHOAL_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
  SocketStream client{FileDescriptor(ends[0])};
  SocketStream server{FileDescriptor(ends[1])};
  // What does not fit the socket's buffer is left out.
  std::ignore = client.write_all(text.substr(0, std::size_t{100} << 10), std::chrono::milliseconds(0));
  client.end_writing();
  RequestReader reader(server, {});
  for (;;) {
    const auto head = reader.next();
    if (!head.ok() || !*head) return;
    SHOAL_ASSERT((*head)->path.size() + (*head)->query.size() <= RequestReader::kMaxHead);
    if ((*head)->method == "PUT") {
      const auto body = reader.whole_body(1000);
      SHOAL_ASSERT(!body.ok() || body->size() <= 1000);
    }
  }
}

void query(std::string_view text) {
  const auto reader = QueryReader::parse(text);
  if (!reader.ok()) return;
  if (const auto options = read_subscribe_query(*reader); options.ok()) {
    QueryWriter first;
    write_subscribe_query(*options, first);
    const auto again = read_subscribe_query(*QueryReader::parse(std::string_view(first.text()).substr(1)));
    QueryWriter second;
    write_subscribe_query(*again, second);
    SHOAL_ASSERT(first.text() == second.text());
  }
  std::ignore = read_producer_query(*reader);
  std::ignore = read_export_query(*reader);
}

void producer_line(std::string_view text) {
  const auto reader = JsonReader::parse(text);
  if (!reader.ok()) return;
  const auto record = read_producer_record(*reader);
  if (!record.ok()) return;
  std::string line;
  append_producer_record_line(*record, line);
  const auto again = read_producer_record(*JsonReader::parse(line));
  SHOAL_ASSERT(again.ok() && again->topic == record->topic && again->key == record->key);
  SHOAL_ASSERT(again->value == record->value && again->headers == record->headers && again->time == record->time);
}

void record_line(std::string_view text) {
  const auto reader = JsonReader::parse(text);
  if (!reader.ok()) return;
  const auto record = read_record(*reader);
  if (!record.ok()) return;
  std::string line;
  append_record_line(record->view(), record->cursor, line);
  auto outer = *JsonReader::parse(line);
  const auto again = read_record(outer.object("record"));
  SHOAL_ASSERT(again.ok() && again->position == record->position && again->value == record->value);
  SHOAL_ASSERT(again->headers == record->headers && again->cursor == record->cursor);
}

void objects(std::string_view text) {
  const auto reader = JsonReader::parse(text);
  if (!reader.ok()) return;
  Error error;
  std::ignore = read_error(*reader, error);
  std::ignore = read_feed_options(*reader);
  std::ignore = read_feed_info(*reader);
  std::ignore = read_feed_summary(*reader);
  std::ignore = read_peer_info(*reader);
  std::ignore = read_reference(*reader);
  std::ignore = read_audit_report(*reader);
  std::ignore = read_bundle_summary(*reader);
  std::ignore = read_head_report(*reader);
  std::ignore = read_stored_cursor(*reader);
  std::ignore = read_ack_run(*reader);
}

/// Pieces of any size give the lines that the whole gives.
void lines(std::string_view text) {
  std::vector<std::string> whole;
  std::vector<std::string> pieces;
  LineSplitter first(64);
  LineSplitter second(64);
  const bool good = first
                        .add(text,
                             [&](std::string_view line) {
                               whole.emplace_back(line);
                               return Result<void>();
                             })
                        .ok();
  bool same = true;
  for (std::size_t at = 0; at < text.size() && same; at += 7) {
    same = second
               .add(text.substr(at, 7),
                    [&](std::string_view line) {
                      pieces.emplace_back(line);
                      return Result<void>();
                    })
               .ok();
  }
  SHOAL_ASSERT(good == same);
  if (good) SHOAL_ASSERT(whole == pieces && first.rest() == second.rest());
}

}  // namespace

std::vector<Bytes> fuzz::seeds() {
  const auto seed = [](Parser parser, std::string_view input) { return choose(parser, base::as_bytes(input)); };
  return {
      seed(kRequest, "GET /v1/node HTTP/1.1\r\nHost: node\r\n\r\nGET /v1/feeds HTTP/1.0\r\n\r\n"),
      seed(kRequest, "PUT /v1/own/a/manifest?x=1 HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}"),
      seed(kRequest,
           "POST /v1/own/a/records HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n"),
      seed(kQuery,
           "topic=us%2a&topic=a&start=token:1:0:0:0&before=-5&until_head=1&find_timeout_ms=10&sparse=0&ordered=1"),
      seed(kQuery, "linger_ms=5&batch_bytes=100&codec=lz4&max_buffered=1000&acks=none"),
      seed(kQuery, "topic=a&from=1&before=2&after_size=3"),
      seed(
          kProducerLine,
          R"({"topic":"us","partition":1,"key":"k","headers":[["a",null],["b",{"b64":"/w=="}]],"payload_b64":"//4=","ts":-7})"),
      seed(
          kRecordLine,
          R"({"topic":"us","partition":2,"offset":8,"block":7,"ts":1,"append_ts":2,"key":null,"headers":[["a","b"]],"payload":"\u00e9","cursor":"1:0:0:0"})"),
      seed(kObjects,
           R"({"create":true,"in_memory":false,"retention":{"keep_ms":1,"keep_topics":{"a":2}},"passphrase":"x"})"),
      seed(kObjects, R"({"code":"not_found","message":"m","hint":"h"})"),
      seed(kObjects, R"({"token":"1:0:0:0","note_b64":"//4="})"),
      seed(kLines, "one\ntwo\n\nthree"),
  };
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = base::as_text({data + 1, size - 1});
  switch (data[0] % kParsers) {
    case kRequest: requests(text); break;
    case kQuery: query(text); break;
    case kProducerLine: producer_line(text); break;
    case kRecordLine: record_line(text); break;
    case kObjects: objects(text); break;
    default: lines(text); break;
  }
  return 0;
}
