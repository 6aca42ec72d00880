#include "base/try.h"
#include "c/objects.h"

#include <utility>

/// Nodes, own feeds by name, and what a node answers at once.
namespace shoal::c {
namespace {

NodeHandles& nodes() { return handles<shoal_node, Node>(); }

Result<NodeOptions> node_options(const shoal_node_options& given) {
  NodeOptions options;
  SHOAL_TRY(options.data_dir, read_text(given.data_dir, "data_dir"));
  SHOAL_TRY(options.listen, read_texts(given.listen, given.listen_count, "listen"));
  SHOAL_TRY(options.bootstrap, read_texts(given.bootstrap, given.bootstrap_count, "bootstrap"));
  SHOAL_TRY(options.peers, read_texts(given.peers, given.peer_count, "peers"));
  if (given.passphrase != nullptr) {
    SHOAL_TRY(auto passphrase, read_text(given.passphrase, "passphrase"));
    options.passphrase = [passphrase = std::move(passphrase)]() -> Result<std::string> { return passphrase; };
  }
  if (given.private_network < -1 || given.private_network > 1) {
    return Error{Code::invalid_argument, "private_network is neither 1 nor 0 nor -1", ""};
  }
  if (given.private_network != 0) options.private_network = given.private_network > 0;
  options.offline = given.offline != 0;
  options.attach = given.no_attach == 0;
  options.dht = given.no_dht == 0;
  options.lsd = given.no_lsd == 0;
  options.upload = given.no_upload == 0;
  options.up_limit = given.up_limit;
  options.down_limit = given.down_limit;
  if (given.log != nullptr) {
    options.log = [log = given.log, user = given.log_user](LogLevel level, std::string_view text) {
      const CallbackScope scope;
      log(user, static_cast<shoal_log_level>(level), std::string(text).c_str());
    };
  }
  return options;
}

/// Without what an own feed keeps.
constexpr std::size_t kFirstFeedOptions = offsetof(shoal_feed_options, set_retention);

/// Nullopt: as it was.
Result<std::optional<Retention>> retention_of(const shoal_feed_options& given) {
  if (given.set_retention == 0) {
    const bool idle = given.keep_ms == 0 && given.max_bytes == 0 && given.keep_topic_count == 0;
    if (idle) return std::optional<Retention>{};
    return Error{Code::invalid_argument, "keep_ms, max_bytes or keep_topics without set_retention", "set it to 1"};
  }
  if (given.keep_ms < 0) return Error{Code::invalid_argument, "keep_ms is below zero", ""};
  if (given.keep_topics == nullptr && given.keep_topic_count > 0) return null_argument("keep_topics");
  Retention retention{std::chrono::milliseconds(given.keep_ms), given.max_bytes};
  for (std::size_t i = 0; i < given.keep_topic_count; ++i) {
    const shoal_topic_keep& one = given.keep_topics[i];
    SHOAL_TRY(const auto topic, read_text(one.topic, "keep_topics"));
    if (one.keep_ms < 0) return Error{Code::invalid_argument, "keep_ms of topic " + topic + " is below zero", ""};
    retention.keep_topics[topic] = std::chrono::milliseconds(one.keep_ms);
  }
  return std::optional(std::move(retention));
}

/// Runs `ask` on the node and the feed of a handle and an id, and gives the text it answers.
shoal_code answer_text(shoal_node* node, const char* feed_id, char** text, shoal_error* error,
                       const std::function<Result<std::string>(Node&, const FeedId&)>& ask) {
  return guarded(error, [&]() -> Result<void> {
    if (text == nullptr) return null_argument("json");
    SHOAL_TRY(const auto open, find_node(node));
    SHOAL_TRY(const auto id, read_feed_id(feed_id));
    SHOAL_TRY(const auto answer, ask(*open, id));
    SHOAL_TRY(*text, give_text(answer));
    return {};
  });
}

}  // namespace

Result<std::shared_ptr<Node>> find_node(const shoal_node* node) {
  auto found = nodes().find(node);
  if (!found) return no_handle("shoal_node");
  return found;
}

}  // namespace shoal::c

using namespace shoal;
using namespace shoal::c;

shoal_code shoal_node_open(const shoal_node_options* options, shoal_node** node, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (options == nullptr) return null_argument("options");
    if (node == nullptr) return null_argument("node");
    SHOAL_TRY(const auto given, read_options(options, "shoal_node_options"));
    SHOAL_TRY(auto wanted, node_options(given));
    SHOAL_TRY(auto opened, Node::open(std::move(wanted)));
    *node = nodes().add(std::make_shared<Node>(std::move(opened)));
    return {};
  });
}

shoal_code shoal_node_close(shoal_node* node, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    SHOAL_CHECK(require_no_callback("shoal_node_close"));
    SHOAL_TRY(const auto open, find_node(node));
    open->close();
    return {};
  });
}

shoal_code shoal_node_free(shoal_node* node, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    SHOAL_CHECK(require_no_callback("shoal_node_free"));
    if (node == nullptr) return {};
    const auto open = nodes().remove(node);
    if (!open) return no_handle("shoal_node");
    // Here, and not in whichever thread ends its call last.
    open->close();
    return {};
  });
}

shoal_code shoal_node_listening(shoal_node* node, char** address, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (address == nullptr) return null_argument("address");
    SHOAL_TRY(const auto open, find_node(node));
    SHOAL_TRY(*address, give_text(open->listening()));
    return {};
  });
}

shoal_code shoal_node_info(shoal_node* node, const char* feed_id, char** json, shoal_error* error) {
  return answer_text(node, feed_id, json, error, [](Node& open, const FeedId& id) -> Result<std::string> {
    SHOAL_TRY(const auto info, open.info(id));
    return to_json(info);
  });
}

shoal_code shoal_node_peers(shoal_node* node, const char* feed_id, char** json, shoal_error* error) {
  return answer_text(node, feed_id, json, error, [](Node& open, const FeedId& id) -> Result<std::string> {
    SHOAL_TRY(const auto peers, open.peers(id));
    return to_json(peers);
  });
}

shoal_code shoal_node_remove(shoal_node* node, const char* feed_id, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    SHOAL_CHECK(require_no_callback("shoal_node_remove"));
    SHOAL_TRY(const auto open, find_node(node));
    SHOAL_TRY(const auto id, read_feed_id(feed_id));
    return open->remove(id);
  });
}

shoal_code shoal_feed_open(shoal_node* node, const char* name, const shoal_feed_options* options, shoal_feed** feed,
                           shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    SHOAL_CHECK(require_no_callback("shoal_feed_open"));
    if (feed == nullptr) return null_argument("feed");
    SHOAL_TRY(const auto open, find_node(node));
    SHOAL_TRY(const auto own_name, read_text(name, "name"));
    SHOAL_TRY(const auto given, read_options(options, "shoal_feed_options", kFirstFeedOptions));
    FeedOptions wanted;
    wanted.create = given.create != 0;
    wanted.in_memory = given.in_memory != 0;
    SHOAL_TRY(wanted.retention, retention_of(given));
    if (given.passphrase != nullptr) {
      SHOAL_TRY(wanted.passphrase, read_text(given.passphrase, "passphrase"));
    }
    SHOAL_TRY(auto opened, open->open_feed(own_name, wanted));
    *feed = handles<shoal_feed, Feed>().add(std::make_shared<Feed>(std::move(opened)));
    return {};
  });
}

shoal_code shoal_feed_id(shoal_feed* feed, char** id, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (id == nullptr) return null_argument("id");
    const auto found = handles<shoal_feed, Feed>().find(feed);
    if (!found) return no_handle("shoal_feed");
    SHOAL_TRY(*id, give_text(found->id().hex()));
    return {};
  });
}

shoal_code shoal_feed_free(shoal_feed* feed, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    SHOAL_CHECK(require_no_callback("shoal_feed_free"));
    if (feed != nullptr && !handles<shoal_feed, Feed>().remove(feed)) return no_handle("shoal_feed");
    return {};
  });
}
