#include "doors/socket/event_hub.h"

#include "doors/text/info_json.h"

namespace shoal::doors {

std::optional<EventHub::Event> EventHub::Listener::next(std::chrono::milliseconds timeout,
                                                        const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, stop, timeout, [this] { return !queue_.empty(); })) return std::nullopt;
  Event event = std::move(queue_.front());
  queue_.pop_front();
  return event;
}

void EventHub::Listener::put(const Event& event) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() == kMaxQueued) queue_.pop_front();
    queue_.push_back(event);
  }
  changed_.notify_one();
}

std::shared_ptr<EventHub::Listener> EventHub::listen() {
  auto made = std::make_shared<Listener>();
  const std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [](const auto& listener) { return listener.expired(); });
  listeners_.push_back(made);
  return made;
}

void EventHub::tell_blamed(const PeerInfo& peer, std::string_view what) {
  Event event{.kind = "blamed"};
  base::JsonWriter json(event.object);
  json.begin_object().key("peer");
  write_peer_info(peer, json);
  json.member("what", what).end_object();
  const std::lock_guard lock(mutex_);
  for (const auto& listener : listeners_) {
    if (const auto alive = listener.lock()) alive->put(event);
  }
}

}  // namespace shoal::doors
