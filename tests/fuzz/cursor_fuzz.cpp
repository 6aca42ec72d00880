// Cursor tokens: one form only.
#include "fuzz/fuzz.h"
#include "topic/cursor.h"

std::vector<shoal::Bytes> shoal::fuzz::seeds() {
  return {text("1:0:0:0"), text("1:4294967295:18446744073709551615:4294967295"),
          text("1:2:30:4,quakes/0=30:5,quakes/2=31:0,sensors/2147483647=40:1")};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view token = shoal::base::as_text({data, size});
  const auto cursor = shoal::topic::decode_cursor(token);
  if (!cursor.ok()) return 0;
  SHOAL_ASSERT(encode_cursor(*cursor) == token);
  for (const auto& [stream, mark] : cursor->ahead) {
    SHOAL_ASSERT(mark > cursor->common && cursor->mark_of(stream) == mark && stream.partition.value() >= 0);
  }
  return 0;
}
