/// One end of the live benchmark, over the public API alone: tests/bench/live_bench.py and live_cost_test.py start one
/// publisher and one reader as processes of their own and tell them what to do by lines on their input.
///
///     live_probe publish DIR disk|memory INTERVAL_US SIZE   feed HEX HOST:PORT, then for each `send N`: one JSON line
///     live_probe read DIR FEED HOST:PORT                    for each `expect N`: `ready`, then one JSON line
///     live_probe sync FILE COUNT INTERVAL_US                bare fdatasync of as much as a commit writes: one JSON
///     line
///
/// A record's value begins with CLOCK_MONOTONIC in nanoseconds, read right before send(); the reader reads the clock
/// when poll() has returned. Latencies are microseconds.

#include <shoal/shoal.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;

namespace {

/// What a commit of one small record writes to the journal before its one sync: a page of the ring and a head page.
constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 1024;

int fail(const std::string& what) {
  std::fprintf(stderr, "live_probe: %s\n", what.c_str());
  return 1;
}
int fail(const shoal::Error& error) { return fail(error.message); }

std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

void sleep_until(std::int64_t ns) {
  const timespec until{ns / 1'000'000'000, ns % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

double processor_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void print_latencies(const char* name, std::vector<std::int64_t> ns, double processor) {
  std::sort(ns.begin(), ns.end());
  const auto at = [&](double share) {
    if (ns.empty()) return 0.0;
    const auto index = static_cast<std::size_t>(share * static_cast<double>(ns.size()));
    return static_cast<double>(ns[std::min(index, ns.size() - 1)]) / 1000;
  };
  std::printf(R"({"what":"%s","n":%zu,"p50":%.1f,"p90":%.1f,"p99":%.1f,"max":%.1f,"processor_s":%.3f})"
              "\n",
              name, ns.size(), at(0.5), at(0.9), at(0.99), at(1), processor);
  std::fflush(stdout);
}

/// The number of the next line `WORD N`; nullopt at the end of the input.
std::optional<int> next_number(const std::string& word) {
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line.rfind(word + " ", 0) == 0) return std::atoi(line.c_str() + word.size());
  }
  return std::nullopt;
}

shoal::NodeOptions node_options(const char* directory) {
  shoal::NodeOptions options;
  options.data_dir = directory;
  options.listen = {"127.0.0.1:0"};
  options.private_network = true;
  options.dht = false;
  options.lsd = false;
  return options;
}

int publish(const char* directory, bool in_memory, std::int64_t interval_us, std::size_t size) {
  auto node = shoal::Node::open(node_options(directory));
  if (!node) return fail(node.error());
  auto feed = node->open_feed("live", {.create = true, .in_memory = in_memory});
  if (!feed) return fail(feed.error());
  auto producer = feed->producer({.linger = 0ms, .codec = shoal::Codec::none});
  if (!producer) return fail(producer.error());

  std::mutex mutex;  // of what the callback and this thread share
  std::vector<std::int64_t> sent;
  std::vector<std::int64_t> durable;
  std::size_t acknowledged = 0;
  producer->on_acked([&](const shoal::AckRun& run) {
    const std::int64_t now = now_ns();
    const std::lock_guard lock(mutex);
    for (std::int64_t i = run.first.value(); i <= run.last.value(); ++i) durable.push_back(now - sent[acknowledged++]);
  });
  std::printf("feed %s %s\n", feed->id().hex().c_str(), node->listening().c_str());
  std::fflush(stdout);

  while (const auto count = next_number("send")) {
    const double processor = processor_seconds();
    const std::int64_t begin = now_ns();
    for (int i = 0; i < *count; ++i) {
      sleep_until(begin + i * interval_us * 1000);
      shoal::ProducerRecord record;
      record.value = shoal::Bytes(size, static_cast<std::uint8_t>('a' + i % 26));
      const std::int64_t now = now_ns();
      std::memcpy(record.value->data(), &now, sizeof(now));
      {
        const std::lock_guard lock(mutex);
        sent.push_back(now);
      }
      if (const auto position = producer->send(record, {10s}); !position) return fail(position.error());
    }
    if (const auto flushed = producer->flush({60s}); !flushed) return fail(flushed.error());
    const std::lock_guard lock(mutex);
    print_latencies("acknowledged", std::exchange(durable, {}), processor_seconds() - processor);
  }
  return 0;
}

int read(const char* directory, const std::string& feed_hex, const char* peer) {
  const auto feed = shoal::FeedId::parse(feed_hex);
  if (!feed) return fail(feed.error());
  shoal::NodeOptions options = node_options(directory);
  options.peers = {peer};
  auto node = shoal::Node::open(options);
  if (!node) return fail(node.error());
  auto subscription = node->subscribe(*feed);
  if (!subscription) return fail(subscription.error());
  while (const auto count = next_number("expect")) {
    std::printf("ready\n");
    std::fflush(stdout);
    const double processor = processor_seconds();
    std::vector<std::int64_t> taken;
    while (taken.size() < static_cast<std::size_t>(*count)) {
      const auto polled = subscription->poll({.wait = {60s}});
      const std::int64_t now = now_ns();
      if (!polled) return fail(polled.error());
      if (polled->status() == shoal::Poll::Status::timeout) return fail("nothing came for a minute");
      for (const shoal::RecordView& record : polled->records()) {
        std::int64_t sent = 0;
        std::memcpy(&sent, record.value->data(), sizeof(sent));
        taken.push_back(now - sent);
      }
    }
    print_latencies("delivered", std::move(taken), processor_seconds() - processor);
  }
  return 0;
}

int sync(const char* path, int count, std::int64_t interval_us) {
  const int file = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return fail(std::string("cannot open ") + path);
  const std::vector<char> zeros(kPage * kPages);
  bool good = ::pwrite(file, zeros.data(), zeros.size(), 0) == static_cast<ssize_t>(zeros.size()) && fsync(file) == 0;
  std::vector<char> page(kPage);
  std::vector<std::int64_t> taken;
  const std::int64_t start = now_ns();
  for (int i = 0; i < count && good; ++i) {
    sleep_until(start + i * interval_us * 1000);
    page[0] = static_cast<char>(i);
    const std::int64_t begin = now_ns();
    const auto ring = static_cast<off_t>(kPage * (2 + static_cast<std::size_t>(i) % (kPages - 2)));
    const auto head = static_cast<off_t>(kPage * (static_cast<std::size_t>(i) % 2));
    good = ::pwrite(file, page.data(), kPage, ring) == kPage && ::pwrite(file, page.data(), kPage, head) == kPage &&
           ::fdatasync(file) == 0;
    taken.push_back(now_ns() - begin);
  }
  ::close(file);
  ::unlink(path);
  if (!good) return fail(std::string("cannot write ") + path);
  print_latencies("fdatasync", std::move(taken), 0);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "publish" && argc == 6) {
    return publish(argv[2], std::string_view(argv[3]) == "memory", std::atoll(argv[4]),
                   std::max<std::size_t>(static_cast<std::size_t>(std::atoll(argv[5])), sizeof(std::int64_t)));
  }
  if (role == "read" && argc == 5) return read(argv[2], argv[3], argv[4]);
  if (role == "sync" && argc == 5) return sync(argv[2], std::atoi(argv[3]), std::atoll(argv[4]));
  return fail("usage: live_probe publish|read|sync ... (see the top of live_probe.cpp)"), 2;
}
