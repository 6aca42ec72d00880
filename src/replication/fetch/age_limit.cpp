#include "replication/fetch/age_limit.h"

namespace shoal::replication {

std::optional<feed::BlockHeader> AgeLimit::held_header(std::uint64_t block) const {
  Result<feed::BlockHeader> header = core_.reader().header(BlockIndex{block});
  return header ? std::optional<feed::BlockHeader>(*std::move(header)) : std::nullopt;
}

std::optional<AgeLimit::Step> AgeLimit::next_step(const BlockRange& missing, UnixMs oldest, RequestPlanner& planner) {
  if (prune_old(missing, oldest, planner)) return std::nullopt;
  if (const auto first = held_header(missing.begin.value())) {
    // A manifest is always requested, however old: topics cannot be followed without it. Blocks behind it may be too
    // old.
    const bool recent = first->append_time >= oldest;
    return Step{recent ? missing : BlockRange{missing.begin, missing.begin + 1}, false};
  }
  // Blocks are appended in the order of the owner's clock: behind a recent block every block counts as recent.
  if (missing.begin.value() > 0) {
    const auto before = held_header(missing.begin.value() - 1);
    if (before && before->append_time >= oldest) return Step{missing, false};
  }
  return Step{missing, true};
}

bool AgeLimit::prune_old(const BlockRange& missing, UnixMs oldest, RequestPlanner& planner) {
  std::vector<BlockIndex> old;
  for (BlockIndex block = missing.begin; block < missing.end; block = block + 1) {
    const auto header = held_header(block.value());
    if (!header || header->append_time >= oldest || header->is(feed::BlockKind::manifest)) break;
    old.push_back(block);
  }
  if (old.empty()) return false;
  if (const auto pruned = core_.mirror()->prune(old); !pruned) {
    core_.log(base::LogLevel::error, pruned.error().message);
    return false;
  }
  planner.add_held(old.front().value(), old.back().value() + 1);
  return true;
}

}  // namespace shoal::replication
