#include "base/try.h"
#include "command.h"
#include "node_session.h"
#include "topic_name.h"
#include "units.h"

#include <algorithm>

namespace shoal::command {
namespace {

/// `NAME:PARTITIONS`, or a NAME with one partition.
Result<feed::ManifestTopic> parse_topic(const std::string& text) {
  const std::size_t colon = text.find(':');
  feed::ManifestTopic topic;
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

class InitCommand final : public Command {
 public:
  InitCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override;

 private:
  [[nodiscard]] feed::Manifest renewed(feed::Manifest manifest) const;

  std::string name_;
  std::optional<std::string> title_;
  std::optional<std::string> description_;
  std::optional<std::string> licence_;
  std::optional<std::string> contact_;
  std::optional<std::string> home_page_;
  std::vector<feed::ManifestTopic> topics_;
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
                   SHOAL_TRY(feed::ManifestTopic topic, parse_topic(text));
                   topics_.push_back(std::move(topic));
                   return {};
                 });
  options.not_yet("--keep", true);
  options.not_yet("--keep-size", true);
  options.not_yet("--keep-topic", true);
  options.not_yet("--memory", false);
  options.about(
      "The feed's key is its name for everybody else: keep a backup of it. Run again, the words given replace the "
      "old ones in a new manifest block, and the others stay.");
  options.examples({"shoal init quakes --title 'Earthquakes' --licence 'public domain' --topic us:4 --topic ak"});
}

feed::Manifest InitCommand::renewed(feed::Manifest manifest) const {
  manifest.title = title_.value_or(manifest.title);
  manifest.description = description_.value_or(manifest.description);
  manifest.licence = licence_.value_or(manifest.licence);
  manifest.contact = contact_.value_or(manifest.contact);
  manifest.home_page = home_page_.value_or(manifest.home_page);
  for (const feed::ManifestTopic& topic : topics_) {
    const auto same = std::find_if(manifest.topics.begin(), manifest.topics.end(),
                                   [&](const feed::ManifestTopic& known) { return known.name == topic.name; });
    if (same == manifest.topics.end()) {
      manifest.topics.push_back(topic);
    } else {
      same->partitions = topic.partitions;
    }
  }
  return manifest;
}

Result<Exit> InitCommand::run(Context& context) {
  SHOAL_TRY(auto session, NodeSession::open(context, common_));
  SHOAL_TRY(const auto own, session->open_feed(name_, {.create = true}));
  SHOAL_TRY(const auto before, session->manifest(own.feed));
  const feed::Manifest manifest = renewed(before.value_or(feed::Manifest{}));
  if (!before || manifest != *before) SHOAL_CHECK(session->publish_manifest(name_, manifest));
  if (own.created) context.messages.notice("created feed " + name_ + " " + own.feed.hex());
  SHOAL_CHECK(context.out.write(own.feed.hex() + "\n"));
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_init() { return std::make_unique<InitCommand>(); }

}  // namespace shoal::command
