// Feed links: many forms, one meaning; writing what was read gives the same link.
#include "fuzz/fuzz.h"
#include "node/api/feed_link.h"

std::vector<shoal::Bytes> shoal::fuzz::seeds() {
  const std::string id = "xs=urn:btpk:03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
  return {text("magnet:?" + id),
          text("magnet:?" + id + "&dn=Earth+quakes%2c%20live&x.pe=[2001:db8::1]:7000&x.pe=example.org:1"),
          text("magnet:?dn=%00%ff&tr=ignored&&=&" + id)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shoal::node;
  const std::string_view text = shoal::base::as_text({data, size});
  const auto link = parse_feed_link(text);
  if (!link.ok()) return 0;
  SHOAL_ASSERT(is_feed_link(text));
  const auto again = parse_feed_link(format_feed_link(*link));
  SHOAL_ASSERT(again.ok() && again->feed == link->feed && again->name == link->name && again->peers == link->peers);
  return 0;
}
