#include "doors/socket/event_hub.h"

#include "doors/text/info_json.h"

#include <gtest/gtest.h>

#include <thread>

namespace shoal::doors {
namespace {

using namespace std::chrono_literals;

PeerInfo peer_at(const std::string& address) {
  PeerInfo peer;
  peer.address = address;
  return peer;
}

std::string address_in(const EventHub::Event& event) {
  auto parsed = JsonReader::parse(event.object);
  EXPECT_TRUE(parsed.ok()) << event.object;
  if (!parsed.ok()) return "";
  const auto peer = read_peer_info(parsed->object("peer"));
  EXPECT_TRUE(peer.ok());
  return peer.ok() ? peer->address : "";
}

TEST(EventHub, TellsEverybodyWhoListens) {
  EventHub hub;
  const auto first = hub.listen();
  const auto second = hub.listen();
  hub.tell_blamed(peer_at("10.0.0.1:7"), "a false payload");
  for (const auto& listener : {first, second}) {
    const auto event = listener->next(0ms, {});
    ASSERT_TRUE(event);
    EXPECT_EQ(event->kind, "blamed");
    EXPECT_EQ(address_in(*event), "10.0.0.1:7");
    EXPECT_NE(event->object.find("\"what\":\"a false payload\""), std::string::npos);
    EXPECT_FALSE(listener->next(0ms, {}));
  }
}

TEST(EventHub, ForgetsWhoLeft) {
  EventHub hub;
  std::weak_ptr<EventHub::Listener> gone = hub.listen();
  EXPECT_TRUE(gone.expired());
  hub.tell_blamed(peer_at("x"), "y");
  EXPECT_FALSE(hub.listen()->next(0ms, {}));
}

TEST(EventHub, ASlowListenerLosesTheOldest) {
  EventHub hub;
  const auto listener = hub.listen();
  for (std::size_t i = 0; i < EventHub::Listener::kMaxQueued + 5; ++i) hub.tell_blamed(peer_at(std::to_string(i)), "");
  const auto oldest = listener->next(0ms, {});
  ASSERT_TRUE(oldest);
  EXPECT_EQ(address_in(*oldest), "5");
}

TEST(EventHub, WaitsForNewsUntilStopped) {
  EventHub hub;
  const auto listener = hub.listen();
  std::thread teller([&] { hub.tell_blamed(peer_at("late"), ""); });
  const auto event = listener->next(10s, {});
  teller.join();
  ASSERT_TRUE(event);
  EXPECT_EQ(address_in(*event), "late");
  std::stop_source stop;
  std::thread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(listener->next(1h, stop.get_token()));
  stopper.join();
}

}  // namespace
}  // namespace shoal::doors
