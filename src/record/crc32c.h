#pragma once

#include <shoal/types.h>

#include <cstdint>

namespace shoal::record {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4): SSE4.2 when the processor has it, a table otherwise.
std::uint32_t crc32c(ByteView data);

/// The portable form, for tests and other machines; the same values.
std::uint32_t crc32c_portable(ByteView data);

}  // namespace shoal::record
