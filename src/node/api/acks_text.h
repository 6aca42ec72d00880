#pragma once

#include <shoal/producer.h>

#include <cstddef>
#include <string>
#include <string_view>

/// Acknowledgements as text: `none`, `durable`, a number of mirrors, or names of mirrors with commas between.
namespace shoal::node {

/// Mirrors whose receipts are kept for one feed, so the most that can be waited for.
inline constexpr std::size_t kMaxAckMirrors = 64;

std::string acks_text(const Acks& acks);
/// Code::invalid_argument; whether the names stand for mirrors is not looked at.
[[nodiscard]] Result<Acks> parse_acks(std::string_view text);

}  // namespace shoal::node
