/// Records a second through the socket of another process, over the public API alone: scripts/bench_socket.sh.
///
///     socket_bench run RECORDS SIZE BATCH_BYTES   starts a process that holds a directory, attaches to it, publishes
///                                                 RECORDS records, reads them, and prints one JSON line
///     socket_bench hold DIR                       that process: holds the directory until its input ends
///
/// Publishing ends when the last record is durable; reading begins when all are there. BATCH_BYTES 0: the default.

#include <shoal/shoal.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kTopic = "bench";

int fail(const std::string& what) {
  std::fprintf(stderr, "socket_bench: %s\n", what.c_str());
  return 1;
}

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

int hold(const std::string& directory) {
  const auto node = shoal::Node::open({.data_dir = directory, .offline = true});
  if (!node) return fail(node.error().message);
  std::puts("ready");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}

/// The process that holds the directory.
class Holder {
 public:
  Holder(const char* program, const std::string& directory) {
    int input[2];
    int output[2];
    if (::pipe(input) != 0 || ::pipe(output) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(input[0], STDIN_FILENO);
      ::dup2(output[1], STDOUT_FILENO);
      for (const int end : {input[0], input[1], output[0], output[1]}) ::close(end);
      ::execl(program, program, "hold", directory.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(input[0]);
    ::close(output[1]);
    end_ = input[1];
    char ready[6];
    is_ready_ = ::read(output[0], ready, sizeof ready) == sizeof ready;
    ::close(output[0]);
  }
  ~Holder() {
    ::close(end_);
    ::waitpid(pid_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  [[nodiscard]] bool is_ready() const { return is_ready_; }

 private:
  pid_t pid_ = 0;
  int end_ = -1;
  bool is_ready_ = false;
};

shoal::Result<double> publish(shoal::Feed& feed, std::size_t records, std::size_t size, std::size_t batch_bytes) {
  shoal::ProducerOptions options;
  if (batch_bytes > 0) options.batch_bytes = batch_bytes;
  auto producer = feed.producer(options);
  if (!producer) return producer.error();
  shoal::ProducerRecord record{.topic = kTopic, .value = shoal::Bytes(size)};
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < records; ++i) {
    // Neither all alike nor random: what readings of sensors look like to a codec.
    const std::string number = std::to_string(i * 2654435761U);
    for (std::size_t at = 0; at < size; ++at) {
      (*record.value)[at] = static_cast<std::uint8_t>(number[(at * 7 + i) % number.size()]);
    }
    if (const auto sent = producer->send(record, {60s}); !sent) return sent.error();
  }
  if (const auto flushed = producer->flush({60s}); !flushed) return flushed.error();
  return seconds_since(begin);
}

shoal::Result<double> read(shoal::Node& node, const shoal::FeedId& feed, std::size_t records) {
  shoal::SubscribeOptions options;
  options.topics = {kTopic};
  const auto begin = Clock::now();
  auto subscription = node.subscribe(feed, options);
  if (!subscription) return subscription.error();
  std::size_t bytes = 0;
  for (std::size_t seen = 0; seen < records;) {
    const auto poll = subscription->poll({.wait = {60s}});
    if (!poll) return poll.error();
    if (poll->status() != shoal::Poll::Status::records) {
      return shoal::Error{shoal::Code::timed_out, "no record came within 60 s"};
    }
    for (const shoal::RecordView& view : poll->records()) bytes += view.value->size();
    seen += poll->records().size();
  }
  const double seconds = seconds_since(begin);
  if (bytes == 0) return shoal::Error{shoal::Code::not_found, "empty records"};
  return seconds;
}

int run(const char* program, std::size_t records, std::size_t size, std::size_t batch_bytes) {
  std::string directory = (std::filesystem::temp_directory_path() / "socket-bench-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return fail("cannot make a directory");
  int status = 1;
  {
    const Holder holder(program, directory + "/data");
    auto node = shoal::Node::open({.data_dir = directory + "/data", .offline = true});
    if (!holder.is_ready() || !node) return fail("cannot attach");
    auto feed = node->open_feed("bench", {.create = true});
    if (!feed) return fail(feed.error().message);
    const auto published = publish(*feed, records, size, batch_bytes);
    if (!published) return fail("publishing: " + published.error().message);
    const auto taken = read(*node, feed->id(), records);
    if (!taken) return fail("reading: " + taken.error().message);
    const auto count = static_cast<double>(records);
    std::printf("{\"records\":%zu,\"published_per_s\":%.0f,\"read_per_s\":%.0f}\n", records, count / *published,
                count / *taken);
    status = 0;
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "hold" && argc == 3) return hold(argv[2]);
  if (what == "run" && argc == 5) {
    return run(argv[0], std::strtoul(argv[2], nullptr, 10), std::strtoul(argv[3], nullptr, 10),
               std::strtoul(argv[4], nullptr, 10));
  }
  return fail("usage: socket_bench run RECORDS SIZE BATCH_BYTES | socket_bench hold DIR");
}
