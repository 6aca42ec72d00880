#include "base/try.h"
#include "command.h"
#include "doors/text/report_json.h"
#include "node_session.h"
#include "output.h"

namespace shoal::command {
namespace {

/// Everything that finding others depends on, each with a verdict.
class DoctorCommand final : public Command {
 public:
  DoctorCommand() : Command(true) { common_.only_reads = true; }

  [[nodiscard]] Result<Exit> run(Context& context) override {
    SHOAL_TRY(auto session, NodeSession::open(context, common_));
    std::optional<node::FeedReference> feed;
    if (!feed_.empty()) {
      SHOAL_TRY(feed, session->reading().resolve(feed_));
    }
    SHOAL_TRY(const auto report, session->doctor(feed, {common_.find_timeout, context.stop.token()}));
    SHOAL_CHECK(context.out.write(json_ ? as_json(report) : as_text(report)));
    if (report.worst() != node::Verdict::problem) return Exit::ok;
    return report.ours() ? Exit::error : Exit::no_answer;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("FEED", feed_, "look for this feed's peers too", false);
    options.flag("--json", json_, "one JSON value");
    options.about(
        "Looks at the directory, the disk, the clock, the address that listens, the DHT and its entry points, whether "
        "the own announcement is seen there, routers, and for a feed at its peers, its newest head and what the DHT "
        "knows of it; each with a verdict and what to do. Asks for as long as --find-timeout, and ends with 4 when the "
        "network or others are the problem, with 1 when this machine is.");
    options.examples({"shoal doctor", "shoal doctor FEED --find-timeout 5s"});
  }

 private:
  static std::string as_json(const node::DoctorReport& report) {
    std::string text;
    base::JsonWriter json(text);
    doors::write_doctor_report(report, json);
    return text + "\n";
  }

  static std::string as_text(const node::DoctorReport& report) {
    static constexpr const char* kWords[] = {"ok", "warning", "PROBLEM"};
    std::vector<std::vector<std::string>> rows;
    for (const node::DoctorCheck& check : report.checks) {
      rows.push_back({kWords[static_cast<std::size_t>(check.verdict)], check.name, check.found});
      if (check.verdict != node::Verdict::ok && !check.hint.empty()) rows.push_back({"", "", "hint: " + check.hint});
    }
    return format_table(rows);
  }

  std::string feed_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_doctor() { return std::make_unique<DoctorCommand>(); }

}  // namespace shoal::command
