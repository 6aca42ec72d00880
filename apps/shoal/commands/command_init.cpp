#include "base/try.h"
#include "command.h"
#include "node_session.h"
#include "recovering.h"
#include "text/topic_name.h"
#include "text/units.h"

#include <unistd.h>

#include <algorithm>
#include <map>

namespace shoal::command {
namespace {

/// `NAME:PARTITIONS`, or a NAME with one partition.
Result<node::ManifestTopic> parse_topic(const std::string& text) {
  const std::size_t colon = text.find(':');
  node::ManifestTopic topic;
  topic.name = text.substr(0, colon);
  SHOAL_CHECK(check_topic_name(topic.name));
  if (colon == std::string::npos) return topic;
  const auto partitions = parse_integer(std::string_view(text).substr(colon + 1), 1);
  if (!partitions || *partitions > 65536) {
    return Error{Code::invalid_argument, "'" + text + "' is not NAME:PARTITIONS", "a topic has 1 to 65536 partitions"};
  }
  topic.partitions = static_cast<std::uint32_t>(*partitions);
  return topic;
}

/// `NAME=DURATION`.
Result<std::pair<std::string, std::chrono::milliseconds>> parse_keep_topic(const std::string& text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string::npos) {
    return Error{Code::invalid_argument, "'" + text + "' is not NAME=DURATION", "for example us=7d"};
  }
  SHOAL_CHECK(check_topic_name(text.substr(0, sign)));
  SHOAL_TRY(const auto keep, parse_duration(std::string_view(text).substr(sign + 1)));
  return std::pair(text.substr(0, sign), keep);
}

class InitCommand final : public Command {
 public:
  InitCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override;

 private:
  [[nodiscard]] node::Manifest renewed(node::Manifest manifest) const;
  [[nodiscard]] bool changes_retention() const { return keep_ || keep_size_ || !keep_topics_.empty(); }
  /// What was not named stays as it is.
  [[nodiscard]] Retention renewed(Retention retention) const;
  [[nodiscard]] Result<void> check_memory(NodeSession& session) const;

  std::string name_;
  std::optional<std::string> title_;
  std::optional<std::string> description_;
  std::optional<std::string> licence_;
  std::optional<std::string> contact_;
  std::optional<std::string> home_page_;
  std::vector<node::ManifestTopic> topics_;
  std::optional<std::chrono::milliseconds> keep_;
  std::optional<std::uint64_t> keep_size_;
  std::map<std::string, std::chrono::milliseconds> keep_topics_;
  bool memory_ = false;
};

void InitCommand::declare_own(OptionSet& options) {
  const auto word = [&options](const std::string& name, std::optional<std::string>& target, const std::string& help) {
    options.parsed(name, target, "TEXT", help, [](const std::string& text) -> Result<std::optional<std::string>> {
      return std::optional<std::string>(text);
    });
  };
  options.positional("NAME", name_, "what the feed and its key are called here");
  word("--title", title_, "what the feed is, in a few words");
  word("--description", description_, "the same in a few sentences");
  word("--licence", licence_, "under which the records may be used");
  word("--contact", contact_, "whom to ask");
  word("--home-page", home_page_, "where more is said");
  options.values("--topic", "NAME:PARTITIONS", "a topic; its number of partitions never changes; repeatable", true,
                 [this](const std::string& text) -> Result<void> {
                   SHOAL_TRY(node::ManifestTopic topic, parse_topic(text));
                   topics_.push_back(std::move(topic));
                   return {};
                 });
  options.value("--keep", "DURATION", "drop payloads that were appended longer ago; 0: never",
                [this](const std::string& text) -> Result<void> {
                  SHOAL_TRY(keep_, parse_duration(text));
                  return {};
                });
  options.value("--keep-size", "SIZE", "drop the oldest payloads above this total; 0: never",
                [this](const std::string& text) -> Result<void> {
                  SHOAL_TRY(keep_size_, parse_size(text));
                  return {};
                });
  options.values("--keep-topic", "NAME=DURATION", "the same as --keep for one topic, instead of it; repeatable", true,
                 [this](const std::string& text) -> Result<void> {
                   SHOAL_TRY(const auto one, parse_keep_topic(text));
                   keep_topics_[one.first] = one.second;
                   return {};
                 });
  options.flag("--memory", memory_, "a volatile feed: it lives in the node that runs, and is gone with it");
  options.about(
      "The feed's key is its name for everybody else: keep a backup of it. Run again, the words given replace the "
      "old ones in a new manifest block, and the others stay; so does what is kept. Payloads that are dropped leave "
      "their headers behind, so that what stays is still proven. The node that runs drops them.");
  options.examples({"shoal init quakes --title 'Earthquakes' --licence 'public domain' --topic us:4 --topic ak",
                    "shoal init quakes --keep 30d --keep-topic ci=7d   again: changes what stays"});
}

node::Manifest InitCommand::renewed(node::Manifest manifest) const {
  manifest.title = title_.value_or(manifest.title);
  manifest.description = description_.value_or(manifest.description);
  manifest.licence = licence_.value_or(manifest.licence);
  manifest.contact = contact_.value_or(manifest.contact);
  manifest.home_page = home_page_.value_or(manifest.home_page);
  for (const node::ManifestTopic& topic : topics_) {
    const auto same = std::find_if(manifest.topics.begin(), manifest.topics.end(),
                                   [&](const node::ManifestTopic& known) { return known.name == topic.name; });
    if (same == manifest.topics.end()) {
      manifest.topics.push_back(topic);
    } else {
      same->partitions = topic.partitions;
    }
  }
  return manifest;
}

Retention InitCommand::renewed(Retention retention) const {
  retention.keep = keep_.value_or(retention.keep);
  retention.max_bytes = keep_size_.value_or(retention.max_bytes);
  for (const auto& [topic, keep] : keep_topics_) retention.keep_topics[topic] = keep;
  return retention;
}

Result<void> InitCommand::check_memory(NodeSession& session) const {
  SHOAL_TRY(const auto facts, session->facts());
  if (facts.pid != ::getpid()) return {};
  return Error{Code::unavailable, "a volatile feed lives in a running node, and none runs on this data directory",
               "start shoal node first, then give this command again"};
}

Result<Exit> InitCommand::run(Context& context) {
  SHOAL_TRY(auto session, NodeSession::open(context, common_));
  FeedOptions options{.create = true, .in_memory = memory_};
  if (memory_) SHOAL_CHECK(check_memory(session));
  SHOAL_TRY(const auto own,
            signing_on(context, session, name_, common_, [&] { return session->owning().open_feed(name_, options); }));
  if (changes_retention()) {
    SHOAL_TRY(const auto known,
              session->reading().info({own.feed, name_, true, {}}, {std::chrono::milliseconds(0), {}}));
    options.retention = renewed(known.retention.value_or(Retention{}));
    SHOAL_CHECK(session->owning().open_feed(name_, options));
  }
  SHOAL_TRY(const auto before, session->reading().manifest(own.feed));
  const node::Manifest manifest = renewed(before.value_or(node::Manifest{}));
  if (!before || manifest != *before) SHOAL_CHECK(session->owning().publish_manifest(name_, manifest));
  if (own.created) context.messages.notice("created feed " + name_ + " " + own.feed.hex());
  SHOAL_CHECK(context.out.write(own.feed.hex() + "\n"));
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_init() { return std::make_unique<InitCommand>(); }

}  // namespace shoal::command
