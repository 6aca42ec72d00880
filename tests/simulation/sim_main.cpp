// The swarm simulation as a program (scripts/sim.sh): plays a profile with one seed or with several in a row.
#include "simulation/gossip/gossip.h"
#include "simulation/report.h"
#include "simulation/swarm.h"

#include <charconv>
#include <iostream>

using namespace shoal;

namespace {

constexpr const char* kUsage =
    "usage: swarm_sim --profile NAME [--seed N] [--rounds N] [--json] [--repeat]\n"
    "  --profile   swarm-10, swarm-100, swarm-1000 (the real code); gossip-2k, gossip-100k (its\n"
    "              decisions on a modelled transport)\n"
    "  --seed      first seed (1); the same seed plays the same run\n"
    "  --rounds    seeds in a row (1)\n"
    "  --json      one JSON object a line instead of tables\n"
    "  --repeat    plays each seed twice and compares the traces\n";

struct Arguments {
  std::string profile;
  std::uint64_t seed = 1;
  std::uint64_t rounds = 1;
  bool json = false;
  bool repeat = false;
};

bool read_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out > 0;
}

std::optional<Arguments> read_arguments(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (option == "--json") {
      out.json = true;
    } else if (option == "--repeat") {
      out.repeat = true;
    } else if (option == "--profile") {
      out.profile = argv[++i] == nullptr ? "" : value;
    } else if (option == "--seed" && read_number(value, out.seed)) {
      ++i;
    } else if (option == "--rounds" && read_number(value, out.rounds)) {
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return out.profile.empty() ? std::nullopt : std::optional(out);
}

/// Plays one seed; nullopt for an unknown profile.
std::optional<simulation::SwarmReport> run(const std::string& profile, std::uint64_t seed) {
  if (const auto swarm = simulation::find_profile(profile)) return simulation::Swarm(*swarm, seed).run();
  if (const auto gossip = simulation::gossip::find_gossip_profile(profile)) {
    return simulation::gossip::Gossip(*gossip, seed).run();
  }
  return std::nullopt;
}

/// One seed; says how to play it again when something fails. nullopt for an unknown profile.
std::optional<bool> play(std::uint64_t seed, const Arguments& arguments) {
  std::optional<simulation::SwarmReport> report = run(arguments.profile, seed);
  if (!report) return std::nullopt;
  if (arguments.repeat && run(arguments.profile, seed)->trace != report->trace) {
    report->failures.push_back("the same seed played another run");
  }
  std::cout << (arguments.json ? simulation::to_json(*report) + "\n" : simulation::to_table(*report)) << std::flush;
  if (report->failures.empty()) return true;
  std::cerr << "failed; play it again: scripts/sim.sh --profile " << arguments.profile << " --seed " << seed << "\n";
  return false;
}

int usage() {
  std::cerr << kUsage;
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::optional<Arguments> arguments = read_arguments(argc, argv);
  if (!arguments) return usage();
  bool good = true;
  for (std::uint64_t i = 0; i < arguments->rounds; ++i) {
    const std::optional<bool> played = play(arguments->seed + i, *arguments);
    if (!played) return usage();
    good = *played && good;
  }
  return good ? 0 : 1;
}
