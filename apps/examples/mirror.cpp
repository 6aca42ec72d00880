/// Keeps and serves a verified copy of a feed, also when its owner is away.
///
///     mirror DIR FEED HOST:PORT
///
/// Prints `listening HOST:PORT`, and `synced TREE_SIZE` each time it holds everything up to the newest head. Runs until
/// its input ends.

#include <shoal/shoal.h>

#include <cstdio>
#include <string>
#include <thread>

using namespace std::chrono_literals;

namespace {

int fail(const shoal::Error& error) {
  std::fprintf(stderr, "mirror: %s\n%s\n", error.message.c_str(), error.hint.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: mirror DIR FEED HOST:PORT\n"), 2;
  const auto id = shoal::FeedId::parse(argv[2]);
  if (!id) return fail(id.error());

  auto node = shoal::Node::open({.data_dir = argv[1], .listen = {"127.0.0.1:0"}, .peers = {argv[3]}});
  if (!node) return fail(node.error());
  std::printf("listening %s\n", node->listening().c_str());
  std::fflush(stdout);

  // The mirror is kept for as long as this object lives.
  auto mirror = node->mirror(*id);
  if (!mirror) return fail(mirror.error());

  std::jthread worker([&mirror](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const auto size = mirror->wait_synced({1h, stop});
      if (size) {
        std::printf("synced %llu\n", static_cast<unsigned long long>(*size));
        std::fflush(stdout);
      } else if (size.error().code != shoal::Code::timed_out) {
        if (size.error().code != shoal::Code::cancelled) fail(size.error());
        return;
      }
    }
  });
  // Serves for as long as the node is open; the worker is asked to stop when it goes out of scope.
  while (std::getchar() != EOF) {
  }
  return 0;
}
