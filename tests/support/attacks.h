#pragma once

#include "support/mutator.h"
#include "support/raw_peer.h"

#include <functional>
#include <string>

/// What tests/support/hostile_peer.cpp can do to a node; that file says what each is.
namespace shoal::testing {

struct Arguments {
  std::string attack;
  FeedId feed;
  std::string victim;
  std::string source;
  std::uint64_t rounds = 1000;
  std::uint64_t seed = 1;
  unsigned threads = 8;
};

void mutate(const Arguments& arguments);
void alter(const Arguments& arguments);
void flood(const Arguments& arguments);
void hold(const Arguments& arguments);
void prefix(const Arguments& arguments);
void starve(const Arguments& arguments);
void wide(const Arguments& arguments);
void heads(const Arguments& arguments);
void probe(const Arguments& arguments);
void visit(const Arguments& arguments);

/// Ends the program: the attack could not be made.
[[noreturn]] void fail(const std::string& text);
/// A figure, on stdout.
void say(const char* name, std::uint64_t value);
/// Runs `round` this many times on some threads; each thread has choices of its own.
void in_threads(const Arguments& arguments, const std::function<void(Mutator&)>& round);
/// A session up to the point where messages count.
[[nodiscard]] bool meet(RawPeer& peer, const Arguments& arguments);
/// The same with a node that may have started a moment ago.
void meet_first(RawPeer& peer, const Arguments& arguments);
[[nodiscard]] Bytes encoded(const replication::Body& body);

}  // namespace shoal::testing
