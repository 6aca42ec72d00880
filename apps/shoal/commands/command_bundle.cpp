#include "base/try.h"
#include "bundle_files.h"
#include "bundle_import.h"
#include "command.h"
#include "feed/bundle/bundle_file.h"
#include "node_session.h"
#include "progress_bar.h"
#include "text/start_position.h"
#include "text/time_text.h"
#include "text/topic_name.h"
#include "text/units.h"

#include <algorithm>

namespace shoal::command {
namespace {

std::string summary_text(const std::string& done, const node::BundleSummary& summary, std::size_t files) {
  std::string text = done + " " + summary.feed.hex() + ": " + std::to_string(summary.blocks) + " blocks, " +
                     std::to_string(summary.payloads) + " payloads, tree size " +
                     std::to_string(summary.head.tree_size);
  if (files > 1) text += ", " + std::to_string(files) + " files";
  return text + "\n";
}

/// `export FEED FILE`: what is held, or a selection of it; new files, or the growth of an older bundle.
class ExportCommand final : public Command {
 public:
  ExportCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override;

 private:
  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<void> check_targets() const;
  /// Reads the end of the bundle and continues with its selection; false when the feed has not grown since.
  [[nodiscard]] Result<bool> prepare_update(Context& context, const NodeSession& session,
                                            const node::FeedReference& feed, BundleFilesWriter::Options& files);
  [[nodiscard]] Result<void> remove_stale_parts(std::size_t first) const;

  std::string feed_;
  std::string file_;
  std::vector<std::string> topics_;
  std::vector<std::string> positions_;
  std::uint64_t part_bytes_ = 0;
  bool update_ = false;
  bool force_ = false;

  node::ExportOptions wanted_;
};

void ExportCommand::declare_own(OptionSet& options) {
  options.positional("FEED", feed_, "own name, 64 hexadecimal digits or link");
  options.positional("FILE", file_, "the bundle to write");
  options.texts("-t,--topic", topics_, "TOPIC", "only this topic, or those of a glob; repeatable");
  options.texts("-o,--offset", positions_, "WHERE", "only records from s@TIME on, before e@TIME; repeatable");
  options.parsed("--split", part_bytes_, "SIZE", "several files of at most SIZE: FILE, FILE.001 and so on", parse_size);
  options.flag("--update", update_, "add what came since to an older bundle");
  options.flag("--force", force_, "replace FILE");
  options.about(
      "The bundle holds signatures and proofs: whoever gets it needs nothing else to verify it, and verify, sub, get "
      "and prove read it in place.");
  options.examples({"shoal export quakes quakes.shoal", "shoal export quakes week.shoal -t us -o s@-7d",
                    "shoal export quakes quakes.shoal --split 4G", "shoal export quakes quakes.shoal --update"});
}

Result<void> ExportCommand::prepare() {
  for (const std::string& topic : topics_) SHOAL_CHECK(check_topic_glob(topic));
  wanted_.topics = topics_;
  SHOAL_TRY(const auto position, parse_start(positions_, wall_time()));
  if (position.start && position.start->kind != Start::Kind::time) {
    return Error{Code::invalid_argument, "a bundle is cut by time: -o takes s@TIME and e@TIME here", ""};
  }
  if (position.start) wanted_.from = UnixMs(position.start->number);
  wanted_.before = position.before;
  if (wanted_.from && wanted_.before && *wanted_.from >= *wanted_.before) {
    return Error{Code::invalid_argument, "-o selects no time: s@ is not before e@", ""};
  }
  if (update_ && force_) return Error{Code::invalid_argument, "--update and --force exclude each other", ""};
  wanted_.part_bytes = part_bytes_;
  return {};
}

Result<void> ExportCommand::check_targets() const {
  std::error_code error;
  for (const auto& file : {feed::bundle_part(file_, 0), feed::bundle_part(file_, 1)}) {
    if (!std::filesystem::exists(file, error)) continue;
    if (!std::filesystem::is_regular_file(file, error)) {
      return Error{Code::invalid_argument, file.string() + " is no regular file", ""};
    }
    if (!force_) {
      return Error{Code::already_exists, file.string() + " is there already",
                   "--update adds what came since, --force replaces it"};
    }
  }
  return {};
}

Result<bool> ExportCommand::prepare_update(Context& context, const NodeSession& session,
                                           const node::FeedReference& feed, BundleFilesWriter::Options& files) {
  const auto parts = feed::bundle_parts(file_);
  SHOAL_TRY(const auto bundles, feed::inspect_bundles(parts.back()));
  const feed::BundleFacts& last = bundles.back();
  if (last.feed != feed.feed) {
    return Error{Code::invalid_argument, parts.back().string() + " is a bundle of another feed, " + last.feed.hex(),
                 ""};
  }
  if (last.end.range_end < last.head.tree_size) {
    return Error{Code::unavailable, "the parts after " + parts.back().string() + " are not there",
                 "put all parts beside " + file_};
  }
  // A bundle keeps its selection, unless the user asks for another one from here on.
  if (topics_.empty()) wanted_.topics = last.end.topics;
  if (positions_.empty() && last.end.from != feed::kNoLowerTime) wanted_.from = last.end.from;
  if (positions_.empty() && last.end.before != feed::kNoUpperTime) wanted_.before = last.end.before;
  SHOAL_TRY(const auto info, session->reading().info(feed, {}));
  if (info.tree_size < last.head.tree_size) {
    context.messages.notice("the bundle is ahead of this node: tree size " + std::to_string(last.head.tree_size) +
                            ", here " + std::to_string(info.tree_size));
  }
  if (info.tree_size <= last.head.tree_size) return false;
  wanted_.after_size = last.head.tree_size;
  files.before = last.head;
  files.append = part_bytes_ == 0;
  files.first_part = part_bytes_ == 0 ? parts.size() - 1 : parts.size();
  return true;
}

/// Removes parts of the bundle that was replaced; other files stay.
Result<void> ExportCommand::remove_stale_parts(std::size_t first) const {
  const auto parts = feed::bundle_parts(file_);
  for (std::size_t i = first; i < parts.size(); ++i) {
    if (!feed::BundleFile::open(parts[i]).ok()) return {};
    std::error_code error;
    std::filesystem::remove(parts[i], error);
    if (error) return Error{Code::io, "cannot remove " + parts[i].string() + ", a part of the old bundle", ""};
  }
  return {};
}

Result<Exit> ExportCommand::run(Context& context) {
  SHOAL_CHECK(prepare());
  std::error_code error;
  const bool growth = update_ && std::filesystem::exists(file_, error);
  if (!growth) SHOAL_CHECK(check_targets());
  SHOAL_TRY(auto session, NodeSession::open(context, common_));
  SHOAL_TRY(const auto feed, session->reading().resolve(feed_));
  BundleFilesWriter::Options options;
  options.file = file_;
  options.split = part_bytes_ > 0;
  if (growth) {
    SHOAL_TRY(const bool grew, prepare_update(context, session, feed, options));
    if (!grew) {
      SHOAL_CHECK(context.out.write("up to date " + feed.feed.hex() + "\n"));
      return Exit::ok;
    }
  }
  BundleFilesWriter files(options);
  const auto stopped = [&context] { return context.stop.stopped(); };
  SHOAL_TRY(const auto summary, session->keeping().export_bundle(
                                    feed, wanted_, [&files](ByteView bytes) { return files.take(bytes); },
                                    progress_of(context.messages, "writing " + file_, stopped)));
  SHOAL_CHECK(files.commit());
  if (!growth && force_) SHOAL_CHECK(remove_stale_parts(files.files().size()));
  SHOAL_CHECK(context.out.write(summary_text(growth ? "updated" : "exported", summary, files.files().size())));
  if (summary.lacking == 0) return Exit::ok;
  context.messages.warning(std::to_string(summary.lacking) + " of the selected blocks are not held whole here: " +
                           (feed.own ? "they are lost here; shoal verify says which" : "the bundle goes without them"));
  return feed.own ? Exit::damaged : Exit::partly;
}

/// `import FILE…`: bundles into this directory. The first part's name stands for all parts beside it.
class ImportCommand final : public Command {
 public:
  ImportCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override {
    options.positionals("FILE", files_, "bundles written by 'shoal export'; - is stdin", true);
    options.about("Nothing is taken that does not verify. What is here already stays.");
    options.examples({"shoal import quakes.shoal", "shoal import usb/part.001 usb/part.002",
                      "curl -s https://example.org/quakes.shoal | shoal import -"});
  }

 private:
  [[nodiscard]] static Result<std::vector<std::filesystem::path>> expand(const std::vector<std::string>& names);

  std::vector<std::string> files_;
};

/// Each file once, in the order given, with the parts that a first part's name stands for.
Result<std::vector<std::filesystem::path>> ImportCommand::expand(const std::vector<std::string>& names) {
  std::vector<std::filesystem::path> files;
  for (const std::string& name : names) {
    if (name == "-") {
      files.emplace_back("/dev/stdin");
      continue;
    }
    SHOAL_CHECK(feed::BundleFile::open(name));
    for (const auto& part : feed::bundle_parts(name)) {
      if (std::find(files.begin(), files.end(), part) == files.end()) files.push_back(part);
    }
  }
  return files;
}

Result<Exit> ImportCommand::run(Context& context) {
  SHOAL_TRY(const auto files, expand(files_));
  SHOAL_TRY(auto session, NodeSession::open(context, common_));
  // One import for each feed. The parts of one bundle are one import: a later part needs the earlier ones.
  std::vector<std::vector<std::filesystem::path>> groups;
  std::optional<FeedId> feed_before;
  for (const auto& file : files) {
    std::optional<FeedId> feed;
    if (file != "/dev/stdin") {
      SHOAL_TRY(const auto bundles, feed::inspect_bundles(file));
      feed = bundles.front().feed;
    }
    if (groups.empty() || !feed || feed != feed_before) groups.emplace_back();
    groups.back().push_back(file);
    feed_before = feed;
  }
  for (const auto& group : groups) {
    SHOAL_TRY(const auto summary, import_parts(context, session, group));
    SHOAL_CHECK(context.out.write(summary_text("imported", summary, group.size())));
  }
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_export() { return std::make_unique<ExportCommand>(); }
std::unique_ptr<Command> make_import() { return std::make_unique<ImportCommand>(); }

}  // namespace shoal::command
