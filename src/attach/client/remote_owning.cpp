#include "attach/client/remote_owning.h"

#include "attach/client/remote_producer.h"
#include "attach/client/remote_shared_producer.h"
#include "base/json_text.h"
#include "base/try.h"
#include "doors/text/info_json.h"
#include "doors/text/options_text.h"
#include "doors/text/query.h"

#include <algorithm>

namespace shoal::attach {
namespace {

constexpr const char* kJson = "application/json";

}  // namespace

Result<node::OpenedFeed> RemoteOwning::open_feed(const std::string& name, const FeedOptions& options) {
  FeedOptions sent = options;
  // A new key is encrypted with it.
  if (options.create && !sent.passphrase && passphrase_) {
    SHOAL_TRY(sent.passphrase, passphrase_());
  }
  for (;;) {
    doors::HttpRequest request{"POST", "/v1/own/" + doors::percent_encode(name), kJson};
    base::JsonWriter json(request.body);
    doors::write_feed_options(sent, json);
    const auto answer = client_->ask(request, answer_time());
    std::fill(request.body.begin(), request.body.end(), '\0');
    if (answer.ok()) return doors::read_opened_feed(*answer);
    if (answer.error().code != Code::bad_key || sent.passphrase || !passphrase_) return answer.error();
    // The key is encrypted: ask here for the passphrase.
    SHOAL_TRY(sent.passphrase, passphrase_());
  }
}

Result<void> RemoteOwning::publish_manifest(const std::string& name, const node::Manifest& manifest) {
  doors::HttpRequest request{"PUT", "/v1/own/" + doors::percent_encode(name) + "/manifest", kJson,
                             node::encode_manifest(manifest)};
  SHOAL_CHECK(client_->ask(request, answer_time()));
  return {};
}

Result<node::RecoveredFeed> RemoteOwning::recover(const std::string& name, const node::RecoverOptions& options,
                                                  const Wait& wait) {
  doors::HttpRequest request{"POST", "/v1/own/" + doors::percent_encode(name) + "/recovery", kJson};
  base::JsonWriter json(request.body);
  doors::write_recover_options(options, json);
  SHOAL_TRY(const auto answer, client_->ask(request, answer_time(wait)));
  return doors::read_recovered_feed(answer);
}

Result<std::shared_ptr<node::ProducerApi>> RemoteOwning::open_producer(const std::string& name,
                                                                       const ProducerOptions& options,
                                                                       const Wait& /*wait*/) {
  SHOAL_TRY(auto made, RemoteProducer::open(client_, name, options));
  return std::shared_ptr<node::ProducerApi>(std::move(made));
}

Result<std::shared_ptr<node::ProducerApi>> RemoteOwning::share_producer(const std::string& name,
                                                                        const ProducerOptions& options,
                                                                        const Wait& /*wait*/) {
  SHOAL_TRY(auto made, RemoteSharedProducer::open(client_, name, options));
  return std::shared_ptr<node::ProducerApi>(std::move(made));
}

}  // namespace shoal::attach
