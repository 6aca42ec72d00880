#include "simulation/report.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace shoal::simulation {
namespace {

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(q * static_cast<double>(values.size())))];
}

double ratio(std::uint64_t a, std::uint64_t b) { return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b); }

double redundancy(const Stage& stage) { return stage.delivered == 0 ? 0 : ratio(stage.sent, stage.delivered) - 1; }

template <class... Values>
std::string line(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return std::string(text) + "\n";
}

std::string hex(std::uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

nlohmann::json stage_json(const Stage& stage) {
  return {{"name", stage.name},
          {"published_bytes", stage.published},
          {"redundancy", redundancy(stage)},
          {"pushed", ratio(stage.pushed, stage.delivered)},
          {"producer_egress", ratio(stage.producer_payload, stage.published)},
          {"producer_bytes", stage.producer_bytes},
          {"control_bytes", stage.control},
          {"deliveries", stage.seconds.size()},
          {"hops_mean", stage.hops.empty() ? 0
                                           : std::accumulate(stage.hops.begin(), stage.hops.end(), 0.0) /
                                                 static_cast<double>(stage.hops.size())},
          {"hops_max", quantile(stage.hops, 1)},
          {"p50_s", quantile(stage.seconds, 0.5)},
          {"p99_s", quantile(stage.seconds, 0.99)},
          {"last_s", quantile(stage.seconds, 1)}};
}

}  // namespace

std::string to_json(const SwarmReport& report) {
  nlohmann::json out = {{"profile", report.profile},
                        {"seed", report.seed},
                        {"trace", hex(report.trace)},
                        {"messages", report.messages},
                        {"idle_bytes_per_peer_minute", report.idle_bytes_per_peer_minute},
                        {"largest_queue", report.largest_queue},
                        {"memory_per_node", report.memory_per_node},
                        {"heal_s", report.heal_seconds},
                        {"join_s", report.join_seconds},
                        {"failures", report.failures}};
  for (const Stage& stage : report.stages) out["stages"].push_back(stage_json(stage));
  for (const auto& [percent, took] : report.recovery_seconds) out["recovery_s"][std::to_string(percent)] = took;
  return out.dump();
}

std::string to_table(const SwarmReport& report) {
  std::string out =
      line("%s seed %llu trace %s messages %llu", report.profile.c_str(), static_cast<unsigned long long>(report.seed),
           hex(report.trace).c_str(), static_cast<unsigned long long>(report.messages));
  out += line("%-16s %11s %7s %10s %6s %8s %8s %8s %10s", "stage", "redundancy", "pushed", "egress", "hops", "p50 ms",
              "p99 ms", "last ms", "deliveries");
  for (const Stage& stage : report.stages) {
    if (stage.published == 0) continue;
    out += line("%-16s %11.3f %7.3f %9.2fx %6.0f %8.0f %8.0f %8.0f %10zu", stage.name.c_str(), redundancy(stage),
                ratio(stage.pushed, stage.delivered), ratio(stage.producer_payload, stage.published),
                quantile(stage.hops, 1), quantile(stage.seconds, 0.5) * 1e3, quantile(stage.seconds, 0.99) * 1e3,
                quantile(stage.seconds, 1) * 1e3, stage.seconds.size());
  }
  out += line("idle: %.0f bytes a peer and minute; memory: %.0f KiB a node; waiting for one peer: %zu KiB at most",
              report.idle_bytes_per_peer_minute, report.memory_per_node / 1024, report.largest_queue / 1024);
  for (const auto& [percent, took] : report.recovery_seconds) {
    out += line("after %d %% died: each survivor served in %.2f s", percent, took);
  }
  if (report.heal_seconds >= 0) out += line("after a partition: all have all in %.2f s", report.heal_seconds);
  if (!report.join_seconds.empty()) {
    out += line("from start to the first live record: %.2f s (worst %.2f s)", quantile(report.join_seconds, 0.5),
                quantile(report.join_seconds, 1));
  }
  for (const std::string& failure : report.failures) out += "FAILED " + failure + "\n";
  return out;
}

}  // namespace shoal::simulation
