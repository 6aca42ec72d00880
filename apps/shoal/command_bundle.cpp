#include "base/try.h"
#include "command.h"
#include "node_session.h"

#include <fstream>

namespace shoal::command {
namespace {

std::string summary_text(const std::string& done, const feed::BundleSummary& summary) {
  return done + " " + summary.feed.hex() + ": " + std::to_string(summary.blocks) + " blocks, " +
         std::to_string(summary.payloads) + " payloads, tree size " + std::to_string(summary.head.tree_size) + "\n";
}

class ExportCommand final : public Command {
 public:
  ExportCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override {
    SHOAL_TRY(auto session, NodeSession::open(context, common_));
    SHOAL_TRY(const auto feed, session->resolve(feed_));
    const auto stopped = [&context] { return context.stop.stopped(); };
    std::ofstream file(file_, std::ios::binary);
    const auto sink = [&file](ByteView bytes) -> Result<void> {
      file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      if (!file) return Error{Code::io, "cannot write the bundle", ""};
      return {};
    };
    SHOAL_TRY(const auto summary,
              session->export_bundle(feed, {}, sink, progress_of(context.messages, "writing " + file_, stopped)));
    SHOAL_CHECK(context.out.write(summary_text("exported", summary)));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("FEED", feed_, "own name, 64 hexadecimal digits or link");
    options.positional("FILE", file_, "the bundle to write");
    options.not_yet("-t,--topic", true);
    options.not_yet("-o,--offset", true);
    options.not_yet("--split", true);
    options.not_yet("--update", false);
    options.examples({"shoal export quakes quakes.shoal"});
  }

 private:
  std::string feed_;
  std::string file_;
};

class ImportCommand final : public Command {
 public:
  ImportCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override {
    SHOAL_TRY(auto session, NodeSession::open(context, common_));
    const auto stopped = [&context] { return context.stop.stopped(); };
    SHOAL_TRY(const auto summary,
              session->import_bundle(bytes_of(file_), progress_of(context.messages, "reading " + file_, stopped)));
    SHOAL_CHECK(context.out.write(summary_text("imported", summary)));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("FILE", file_, "a bundle written by 'shoal export'");
    options.examples({"shoal import quakes.shoal"});
  }

 private:
  std::string file_;
};

}  // namespace

std::unique_ptr<Command> make_export() { return std::make_unique<ExportCommand>(); }
std::unique_ptr<Command> make_import() { return std::make_unique<ImportCommand>(); }

}  // namespace shoal::command
