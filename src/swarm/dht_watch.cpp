#include "swarm/dht_watch.h"

#include <utility>

namespace shoal::swarm {
namespace {

constexpr base::MonoTime kPatience = std::chrono::seconds(5);

}  // namespace

DhtWatch::DhtWatch(std::vector<std::string> entry_points, base::MonoTime now)
    : entry_points_(std::move(entry_points)), started_(now) {}

std::optional<std::string> DhtWatch::look(base::MonoTime now, std::int64_t heard) {
  if (!watching()) return std::nullopt;
  if (heard > 0) {
    entry_points_.clear();
    return missed_ ? std::optional<std::string>("the DHT answers now") : std::nullopt;
  }
  if (now - started_ < kPatience || std::exchange(missed_, true)) return std::nullopt;
  std::string names;
  for (const std::string& one : entry_points_) names += (names.empty() ? "" : ", ") + one;
  return "no answer from the DHT at " + names + " yet; is it up, and --bootstrap right? It is asked on";
}

}  // namespace shoal::swarm
