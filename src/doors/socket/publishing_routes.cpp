#include "base/bytes.h"
#include "base/try.h"
#include "doors/socket/handler_support.h"
#include "doors/socket/producer_stream.h"
#include "doors/socket/routes.h"
#include "doors/text/info_json.h"
#include "doors/text/options_text.h"

#include <string.h>

/// Routes of own feeds.
namespace shoal::doors {
namespace {

/// Waits for the producer before it, whose client may have gone a moment ago.
Result<std::shared_ptr<node::ProducerApi>> open_producer(Call& call, node::OwningApi& owning,
                                                         const ProducerOptions& options, bool shared) {
  const Wait wait{call.grace, call.stop};
  return shared ? owning.share_producer(call.arguments[0], options, wait)
                : owning.open_producer(call.arguments[0], options, wait);
}

}  // namespace

Result<void> post_own_feed(Call& call, node::OwningApi& owning) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto body, json_body(call));
  SHOAL_TRY(auto options, read_feed_options(body));
  const auto opened = owning.open_feed(call.arguments[0], options);
  if (options.passphrase) explicit_bzero(options.passphrase->data(), options.passphrase->size());
  SHOAL_CHECK(opened);
  return call.answer.json(to_json([&](base::JsonWriter& json) { write_opened_feed(*opened, json); }));
}

Result<void> put_manifest(Call& call, node::OwningApi& owning) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto body, call.request.whole_body(kMaxJsonBody));
  auto manifest = node::decode_manifest(base::as_bytes(body));
  // The mistake of a caller, not the lie of a peer.
  if (!manifest) return Error{Code::invalid_argument, manifest.error().message, manifest.error().hint};
  SHOAL_CHECK(owning.publish_manifest(call.arguments[0], *manifest));
  return call.answer.json("{}");
}

Result<void> post_recovery(Call& call, node::OwningApi& owning) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto body, json_body(call));
  SHOAL_TRY(const auto options, read_recover_options(body));
  SHOAL_TRY(const auto recovered, owning.recover(call.arguments[0], options, {node::kRecoveryTime, call.stop}));
  return call.answer.json(to_json([&](base::JsonWriter& json) { write_recovered_feed(recovered, json); }));
}

Result<void> post_producer(Call& call, node::OwningApi& owning) {
  const bool shared = call.query.boolean("shared").value_or(false);
  SHOAL_TRY(const auto options, read_producer_query(call.query));
  SHOAL_TRY(auto producer, open_producer(call, owning, options, shared));
  ProducerStream stream(call, std::move(producer), shared);
  return stream.run();
}

}  // namespace shoal::doors
