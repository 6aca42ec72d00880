// What a client or a node may send over the socket: requests, queries, JSON, lines. What a reader takes is written,
// taken again and written the same.
#include "fuzz/fuzz.h"

#include "doors/http/http_request.h"
#include "doors/text/batch_frame.h"
#include "doors/text/error_json.h"
#include "doors/text/info_json.h"
#include "doors/text/line_splitter.h"
#include "doors/text/node_facts_json.h"
#include "doors/text/options_text.h"
#include "doors/text/record_line.h"
#include "doors/text/report_json.h"
#include "doors/text/retention_json.h"

#include <sys/socket.h>

#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace shoal;
using namespace shoal::doors;

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

/// Reads the text of one struct and writes what was read.
using Again = std::function<Result<std::string>(std::string_view text)>;

template <typename Read, typename Write>
Again json_form(Read read, Write write) {
  return [read, write](std::string_view text) -> Result<std::string> {
    auto in = JsonReader::parse(text);
    if (!in.ok()) return in.error();
    const auto value = read(*in);
    if (!value.ok()) return value.error();
    std::string out;
    base::JsonWriter json(out);
    write(*value, json);
    return out;
  };
}

template <typename Read, typename Write>
Again query_form(Read read, Write write) {
  return [read, write](std::string_view text) -> Result<std::string> {
    auto in = QueryReader::parse(text);
    if (!in.ok()) return in.error();
    const auto value = read(*in);
    if (!value.ok()) return value.error();
    QueryWriter out;
    write(*value, out);
    return out.text().empty() ? std::string() : out.text().substr(1);
  };
}

/// A Result cannot hold an Error as its value.
struct HeldError {
  Error error;
};

Result<HeldError> read_held_error(JsonReader in) {
  HeldError held;
  const auto read = read_error(std::move(in), held.error);
  if (!read.ok()) return read.error();
  return held;
}

void write_held_error(const HeldError& held, base::JsonWriter& json) {
  std::string out;
  append_error(held.error, out);
  json.raw(out);
}

void write_record(const RecordLine& record, base::JsonWriter& json) {
  std::string line;
  append_record_line(record.view(), record.cursor, line);
  json.raw(std::string_view(line).substr(10, line.size() - 12));  // without `{"record":` and `}` with LF
}

void write_producer_record(const ProducerRecord& record, base::JsonWriter& json) {
  std::string line;
  append_producer_record_line(record, line);
  json.raw(std::string_view(line).substr(0, line.size() - 1));
}

struct Form {
  std::string name;
  Again again;
};

/// Every struct that travels as text. The names of the JSON forms are those of tests/doors/text/exact_json.txt.
const std::vector<Form>& forms() {
  static const std::vector<Form> kForms = {
      {"error", json_form(read_held_error, write_held_error)},
      {"feed_info", json_form(read_feed_info, write_feed_info)},
      {"peer_info", json_form(read_peer_info, write_peer_info)},
      {"feed_summary", json_form(read_feed_summary, write_feed_summary)},
      {"reference", json_form(read_reference, write_reference)},
      {"opened_feed", json_form(read_opened_feed, write_opened_feed)},
      {"recover_options", json_form(read_recover_options, write_recover_options)},
      {"recovered_feed", json_form(read_recovered_feed, write_recovered_feed)},
      {"node_facts", json_form(read_node_facts, write_node_facts)},
      {"mirror_options", json_form(read_mirror_options, write_mirror_options)},
      {"retention", json_form(read_retention, write_retention)},
      {"feed_options", json_form(read_feed_options, write_feed_options)},
      {"audit_report", json_form(read_audit_report, write_audit_report)},
      {"bundle_summary", json_form(read_bundle_summary, write_bundle_summary)},
      {"doctor_report", json_form(read_doctor_report, write_doctor_report)},
      {"head_report", json_form(read_head_report, write_head_report)},
      {"stored_cursor", json_form(read_stored_cursor, write_stored_cursor)},
      {"ack_run", json_form(read_ack_run, write_ack_run)},
      {"record", json_form(read_record, write_record)},
      {"producer_record", json_form(read_producer_record, write_producer_record)},
      {"subscribe", query_form(read_subscribe_query, write_subscribe_query)},
      {"producer", query_form(read_producer_query, write_producer_query)},
      {"export", query_form(read_export_query, write_export_query)},
  };
  return kForms;
}

/// What a reader takes is written, taken again, and written the same.
void round_trip(const Form& form, std::string_view text) {
  const auto once = form.again(text);
  if (!once.ok()) return;
  const auto twice = form.again(*once);
  SHOAL_ASSERT(twice.ok() && *twice == *once);
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

/// Frames of a stream that comes in pieces of this size, and whether it failed.
std::pair<std::vector<std::string>, bool> cut_frames(std::string_view stream, std::size_t piece) {
  FrameSplitter splitter;
  std::vector<std::string> frames;
  while (!stream.empty()) {
    splitter.add(stream.substr(0, piece));
    stream.remove_prefix(std::min(piece, stream.size()));
    for (;;) {
      const auto frame = splitter.next();
      if (!frame.ok()) return {frames, true};
      if (!*frame) break;
      frames.push_back(static_cast<char>((*frame)->kind) + std::string((*frame)->body));
    }
  }
  return {frames, false};
}

/// However a stream is cut into pieces, its frames are the same; what a frame says comes back when it is written again.
void frames(std::string_view input) {
  const auto whole = cut_frames(input, input.size());
  SHOAL_ASSERT(whole == cut_frames(input, 3));
  for (const std::string& frame : whole.first) {
    const std::string_view body = std::string_view(frame).substr(1);
    if (const auto batch = read_batch_frame(body); batch.ok()) {
      std::string again;
      append_batch_frame(*batch, again);
      std::string twice;
      append_batch_frame(read_batch_frame(std::string_view(again).substr(5)).value(), twice);
      SHOAL_ASSERT(again == twice);
    }
    if (const auto sent = read_send_frame(body); sent.ok()) {
      std::string again;
      append_send_frame(sent->stream, sent->bytes, again);
      SHOAL_ASSERT(std::string_view(again).substr(5) == body);
    }
  }
}

std::string frame_seed() {
  std::string stream;
  append_line_frame("{\"idle\":{}}", stream);
  append_batch_frame({.batch = {BlockIndex(1), {"us", Partition(1)}, UnixMs(2), Bytes{1, 2, 3}}, .cursor = "1:0:2:0"},
                     stream);
  append_send_frame({"us", Partition(0)}, Bytes{4, 5}, stream);
  return stream;
}

/// The first byte chooses: requests, lines, frames, then the forms in their order.
constexpr std::size_t kRequests = 0;
constexpr std::size_t kLines = 1;
constexpr std::size_t kFrames = 2;
constexpr std::size_t kForms = 3;

Bytes seed(std::size_t parser, std::string_view input) {
  return fuzz::choose(static_cast<std::uint8_t>(parser), base::as_bytes(input));
}

/// A good text of the form with this name; ends the program when there is no such form.
Bytes form_seed(std::string_view name, std::string_view input) {
  for (std::size_t i = 0; i < forms().size(); ++i) {
    if (forms()[i].name != name) continue;
    SHOAL_ASSERT(forms()[i].again(input).ok());
    return seed(kForms + i, input);
  }
  SHOAL_ASSERT(false);
  return {};
}

}  // namespace

std::vector<Bytes> fuzz::seeds() {
  std::vector<Bytes> seeds = {
      seed(kRequests, "GET /v1/node HTTP/1.1\r\nHost: node\r\n\r\nGET /v1/feeds HTTP/1.0\r\n\r\n"),
      seed(kRequests, "PUT /v1/own/a/manifest?x=1 HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}"),
      seed(kRequests,
           "POST /v1/own/a/records HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n"),
      seed(kLines, "one\ntwo\n\nthree"),
      seed(kFrames, frame_seed()),
      form_seed("subscribe",
                "topic=us%2a&topic=a&partition=3&start=token:1:0:0:0&before=-5&until_head=1&"
                "find_timeout_ms=10&cursor=c&sparse=0&cache_bytes=9&ordered=1"),
      form_seed("producer", "linger_ms=5&batch_bytes=100&codec=lz4&max_buffered=1000&acks=none&max_time_ahead_ms=7"),
      form_seed("export", "topic=a&from=1&before=2&after_size=3&part_bytes=4"),
      form_seed("error", R"({"code":"not_found","message":"m","hint":"h"})"),
      form_seed("stored_cursor", R"({"token":"1:0:0:0","note_b64":"//4="})"),
      form_seed("producer_record", R"({"key_b64":"//4=","headers":[["b",{"b64":"/w=="}]],"payload_b64":"//4="})"),
  };
  const Bytes held = vector_file("../doors/text/exact_json.txt");
  std::istringstream lines{std::string(base::as_text(held))};
  for (std::string name, text; lines >> name && std::getline(lines, text);) seeds.push_back(form_seed(name, text));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = base::as_text({data + 1, size - 1});
  const std::size_t parser = data[0] % (kForms + forms().size());
  if (parser == kRequests) {
    requests(text);
  } else if (parser == kLines) {
    lines(text);
  } else if (parser == kFrames) {
    frames(text);
  } else {
    round_trip(forms()[parser - kForms], text);
  }
  return 0;
}
