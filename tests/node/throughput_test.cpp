#include "node/node_testing.h"

#include <iostream>

/// As many records as the sensor data set has, durably published and replicated. The bounds are wide: machines differ,
/// a mistake costs a factor of ten.
namespace shoal::node {
namespace {

using namespace testing;

constexpr int kRecords = 321206;
constexpr int kTopics = 58;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(Throughput, PublishesAndReplicatesTheSensorData) {
  const TempDir dir;
  Node node = must(Node::open({.data_dir = dir / "publisher", .listen = {"127.0.0.1:0"}, .lsd = false}));
  Feed feed = must(node.open_feed("sensors", {.create = true}));
  Producer producer = must(feed.producer());
  std::vector<std::string> topics;
  for (int i = 0; i < kTopics; ++i) topics.push_back("realAWSCloudwatch.ec2_cpu_utilization_" + std::to_string(i));

  auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kRecords; ++i) {
    const auto& topic = topics[static_cast<std::size_t>(i / (kRecords / kTopics + 1))];
    ProducerRecord sent = record(topic, topic + ",2014-04-01 00:00:00," + std::to_string(i * 17 % 9973) + ".125");
    sent.time = UnixMs(1396310400000 + i * 300000LL);
    must(producer.send(sent, {30s}));
  }
  must(producer.flush({60s}));
  const double published = seconds_since(begin);
  EXPECT_LT(published, 30);

  Node mirror_node = must(
      Node::open({.data_dir = dir / "mirror", .listen = {"127.0.0.1:0"}, .peers = {node.listening()}, .lsd = false}));
  begin = std::chrono::steady_clock::now();
  Mirror mirror = must(mirror_node.mirror(feed.id()));
  EXPECT_EQ(must(mirror.wait_synced({60s})), must(node.info(feed.id())).tree_size);
  const double replicated = seconds_since(begin);
  EXPECT_LT(replicated, 30);

  begin = std::chrono::steady_clock::now();
  auto subscription = must(mirror_node.subscribe(feed.id(), {.until_head = true}));
  std::size_t read = 0;
  for (;;) {
    const auto poll = must(subscription.poll({.wait = {20s}}));
    if (poll.status() != Poll::Status::records) break;
    read += poll.records().size();
  }
  EXPECT_EQ(read, static_cast<std::size_t>(kRecords));
  std::cout << "published in " << published << " s, " << must(node.info(feed.id())).tree_size
            << " blocks; replicated durably in " << replicated << " s, read in " << seconds_since(begin) << " s\n";
}

}  // namespace
}  // namespace shoal::node
