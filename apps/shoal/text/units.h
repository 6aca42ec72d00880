#pragma once

#include <shoal/result.h>

#include <chrono>
#include <cstdint>
#include <string_view>

/// Numbers with units as people type them. Every function reads the whole text; Code::invalid_argument otherwise.
namespace shoal::command {

/// `0`, `1500`, `256K`, `20G`: K, M, G and T are powers of 1024, one B may follow. Rates are sizes a second.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

/// `0`, `250ms`, `1.5s`, `15m`, `12h`, `30d`; never negative.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// A decimal integer of at least `smallest`.
[[nodiscard]] Result<std::int64_t> parse_integer(std::string_view text, std::int64_t smallest);

/// `1x`, `10x`, `0.5x`: how many times faster than recorded; `max` gives 0, which means no waiting.
[[nodiscard]] Result<double> parse_speed(std::string_view text);

}  // namespace shoal::command
