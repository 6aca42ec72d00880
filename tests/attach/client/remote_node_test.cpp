#include "attach/client/remote_node.h"
#include "doors/http/unix_socket.h"
#include "doors/text/batch_frame.h"
#include "node/node_testing.h"
#include "record/record_batch.h"

#include <poll.h>
#include <sys/socket.h>

#include <functional>
#include <thread>

/// The client against nodes that say what no node should.
namespace shoal::attach {
namespace {

using namespace std::chrono_literals;
using node::testing::code_of;
using node::testing::must;
using node::testing::record;

constexpr const char* kFacts = R"({"version":"1.0","api":1,"pid":1,"data_dir":"/d","listening":"","node_key":"00"})";

std::string answer(const std::string& body, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chunk(const std::string& text) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return size + text + "\r\n";
}

/// Answers the requests of its connections, one after the other over all of them, with what a test prepared; then ends
/// them.
class FakeNode {
 public:
  explicit FakeNode(std::vector<std::string> answers)
      : listener_(must(doors::listen_unix(socket()))),
        thread_([this, answers = std::move(answers)] { serve(answers); }) {}
  ~FakeNode() { thread_.join(); }
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;

  [[nodiscard]] std::filesystem::path socket() const { return dir_ / "node.sock"; }
  Result<std::shared_ptr<RemoteNode>> attach() { return RemoteNode::attach(socket(), {}, {5s}); }

 private:
  static bool readable(int descriptor) {
    pollfd waited{descriptor, POLLIN, 0};
    return ::poll(&waited, 1, 5000) == 1;
  }

  void serve(const std::vector<std::string>& answers) {
    doors::FileDescriptor client;
    std::string asked;
    for (const std::string& next : answers) {
      while (asked.find("\r\n\r\n") == std::string::npos) {
        char bytes[4096];
        const ssize_t got = client && readable(client.get()) ? ::recv(client.get(), bytes, sizeof bytes, 0) : 0;
        if (got > 0) {
          asked.append(bytes, static_cast<std::size_t>(got));
          continue;
        }
        if (!readable(listener_.get())) return;
        client = doors::FileDescriptor(::accept(listener_.get(), nullptr, nullptr));
        asked.clear();
      }
      asked.clear();
      std::ignore = ::send(client.get(), next.data(), next.size(), MSG_NOSIGNAL);
    }
    // What the client still has to say is read, so that it finds an orderly end.
    char bytes[4096];
    if (ends_ && client && readable(client.get())) std::ignore = ::recv(client.get(), bytes, sizeof bytes, 0);
  }

  const node::testing::TempDir dir_;
  const bool ends_ = true;
  doors::FileDescriptor listener_;
  std::thread thread_;
};

TEST(RemoteNode, NamesTheVersionsOfANodeThatItDoesNotUnderstand) {
  FakeNode fake({answer(R"({"version":"7.1","api":2,"pid":1,"data_dir":"/d","listening":"","node_key":"00"})")});
  const auto attached = fake.attach();
  ASSERT_EQ(code_of(attached), Code::unsupported);
  EXPECT_NE((attached.error().message + attached.error().hint).find("7.1"), std::string::npos);
}

TEST(RemoteNode, TakesNothingForAnAnswerThatIsNone) {
  for (const std::string& said : {std::string("SSH-2.0-nonsense\r\n\r\n"), answer("[1,2]"), answer("{\"a\":"),
                                  answer(""), answer("no", "500 No"), answer("{}", "404 Not Found")}) {
    FakeNode fake({said});
    const auto attached = fake.attach();
    ASSERT_FALSE(attached.ok()) << said;
    EXPECT_FALSE(attached.error().message.empty());
  }
}

TEST(RemoteNode, GivesTheErrorThatTheNodeTold) {
  FakeNode fake(
      {answer(kFacts), answer(R"({"error":{"code":"pruned","message":"gone","hint":"ask others"}})", "410 Gone")});
  const auto node = must(fake.attach());
  const auto resolved = node->reading().resolve("x");
  ASSERT_EQ(code_of(resolved), Code::pruned);
  EXPECT_EQ(resolved.error().message, "gone");
  EXPECT_EQ(resolved.error().hint, "ask others");
}

TEST(RemoteNode, GivesUpWhenNothingIsAnswered) {
  FakeNode fake({""});
  EXPECT_EQ(code_of(RemoteNode::attach(fake.socket(), {}, {50ms})), Code::timed_out);
}

const std::string kStream =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kOpen = R"({"open":{"topics":[{"name":"t","partition":0,"next_offset":5,"partitions":1}]}})"
                          "\n";

TEST(RemoteProducer, CountsFromWhereTheNodeIs) {
  FakeNode fake({answer(kFacts), kStream + chunk(kOpen)});
  const auto node = must(fake.attach());
  const auto producer = must(node->owning().open_producer("x", {}));
  EXPECT_EQ(must(producer->send(record("t", "v"), {5s})).offset, Offset(5));
  EXPECT_EQ(must(producer->send(record("new", "v"), {5s})).offset, Offset(0));
}

TEST(RemoteProducer, EndsWhenAcknowledgementsContradictTheCount) {
  for (const char* acked : {R"({"acked":{"topic":"t","partition":0,"first":6,"last":6}})",
                            R"({"acked":{"topic":"t","partition":0,"first":5,"last":900}})",
                            R"({"acked":{"topic":"t","partition":3,"first":0,"last":0}})",
                            R"({"acked":{"topic":"other","partition":0,"first":0,"last":0}})"}) {
    FakeNode fake({answer(kFacts), kStream + chunk(kOpen) + chunk(std::string(acked) + "\n")});
    const auto node = must(fake.attach());
    const auto producer = must(node->owning().open_producer("x", {}));
    EXPECT_EQ(code_of(producer->flush({5s})), Code::unknown_outcome) << acked;
  }
}

TEST(RemoteProducer, DoesNotTakeAnEarlyEndForSuccess) {
  for (const std::string& end :
       {chunk("{\"end\":{\"records\":0}}\n") + "0\r\n\r\n", std::string("0\r\n\r\n"), std::string()}) {
    FakeNode fake({answer(kFacts), kStream + chunk(kOpen) + end});
    const auto node = must(fake.attach());
    const auto producer = must(node->owning().open_producer("x", {}));
    const auto sent = producer->send(record("t", "v"), {5s});
    EXPECT_EQ(code_of(sent.ok() ? producer->flush({5s}) : Result<void>(sent.error())), Code::closed);
  }
}

TEST(RemoteProducer, TakesNothingAfterAnEndThatItDidNotAskFor) {
  FakeNode fake({answer(kFacts), kStream + chunk(kOpen) + chunk("{\"end\":{\"records\":0}}\n") + "0\r\n\r\n"});
  const auto node = must(fake.attach());
  const auto producer = must(node->owning().open_producer("x", {}));
  // Comes back when the end was read; nothing was lost until then.
  const auto flushed = producer->flush({20s});
  EXPECT_TRUE(flushed.ok() || flushed.error().code == Code::closed) << flushed.error().message;
  EXPECT_EQ(code_of(producer->send(record("t", "v"), {20s})), Code::closed);
}

TEST(RemoteProducer, NamesARecordThatTheNodeRefused) {
  FakeNode fake({answer(kFacts),
                 kStream + chunk(kOpen) +
                     chunk(R"({"refused":{"line":1,"error":{"code":"limit_exceeded","message":"too much","hint":""}}})"
                           "\n")});
  const auto node = must(fake.attach());
  const auto producer = must(node->owning().open_producer("x", {}));
  const auto flushed = producer->flush({5s});
  ASSERT_FALSE(flushed.ok());
  EXPECT_NE(flushed.error().message.find("too much"), std::string::npos);
}

const std::string kBatches =
    "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.shoal.batches\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A batch of one record, in block 1.
std::string batch_frame(const std::function<void(node::SelectedBatch&)>& change = {}) {
  node::SelectedBatch selected;
  selected.batch.block = BlockIndex(1);
  selected.batch.stream = {"t", Partition(0)};
  const std::vector<record::Record> records{{UnixMs(1), std::nullopt, node::testing::bytes("v"), {}}};
  selected.batch.bytes = record::encode_batch(records, record::Codec::none).value();
  record::patch_batch(selected.batch.bytes, Offset(1), 0);
  selected.cursor = "1:0:2:0";
  if (change) change(selected);
  std::string frame;
  doors::append_batch_frame(selected, frame);
  return frame;
}

std::string line_frame(const std::string& line) {
  std::string frame;
  doors::append_line_frame(line, frame);
  return frame;
}

TEST(RemoteSubscription, SaysThatAStreamWasCutOffAfterWhatCame) {
  const std::string damaged = batch_frame([](auto& selected) { selected.batch.bytes.back() ^= 1; });
  const std::string nowhere = batch_frame([](auto& selected) { selected.cursor = "nowhere"; });
  const std::string whole = batch_frame();
  for (const std::string& rest :
       {line_frame("{\"rec"), line_frame("{}"), line_frame("nonsense"), line_frame("{\"strange\":{}}"),
        line_frame("{\"record\":{}}"), damaged, nowhere, whole.substr(0, whole.size() - 1),
        std::string("\xff\xff\xff\xff"), std::string("\0\0\0\1\7", 5), std::string("\0\0\0\0", 4),
        std::string("\0\0\0\2\2x", 6), std::string("\0\0\0\2\3x", 6)}) {
    FakeNode fake({answer(kFacts), kBatches + chunk(batch_frame() + rest) + "0\r\n\r\n"});
    const auto node = must(fake.attach());
    const auto subscription = must(node->reading().subscribe({}, {}));
    const auto first = must(subscription->poll({.max_records = 1, .wait = {5s}}));
    ASSERT_EQ(first.records().size(), 1U);
    EXPECT_EQ(first.cursor(), "1:0:2:0");
    const auto second = subscription->poll({.wait = {5s}});
    EXPECT_FALSE(second.ok()) << rest;
    // Reported again each time.
    EXPECT_FALSE(subscription->poll({.wait = {5s}}).ok());
  }
}

TEST(RemoteSubscription, NeedsANodeThatGivesBatches) {
  FakeNode fake({answer(kFacts), kStream + chunk("{\"idle\":{}}\n") + "0\r\n\r\n"});
  const auto node = must(fake.attach());
  EXPECT_EQ(code_of(node->reading().subscribe({}, {})), Code::unsupported);
}

}  // namespace
}  // namespace shoal::attach
