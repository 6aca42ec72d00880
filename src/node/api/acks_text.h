#pragma once

#include <shoal/producer.h>

#include <cstddef>
#include <string>
#include <string_view>

/// What a producer waits for, as text: `none`, `durable`, a number of mirrors, or mirror names joined by commas.
namespace shoal::node {

/// Mirrors whose receipts are kept for one feed, so the most that can be waited for.
inline constexpr std::size_t kMaxAckMirrors = 64;

std::string acks_text(const Acks& acks);
/// Code::invalid_argument. It does not check that the names belong to mirrors.
[[nodiscard]] Result<Acks> parse_acks(std::string_view text);

}  // namespace shoal::node
