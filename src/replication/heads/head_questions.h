#pragma once

#include "replication/peers/replicator_core.h"

#include <functional>
#include <map>
#include <vector>

namespace shoal::replication {

/// The question "what is your newest head", sent to every connected peer, and whether all have answered.
class HeadQuestions {
 public:
  explicit HeadQuestions(ReplicatorCore& core) : core_(core) {}

  /// See Replicator::ask_heads.
  void ask(base::MonoTime quiet, base::MonoTime timeout, std::function<void(bool)> done);
  /// The peer announced its head, or that it has none.
  void answered(PeerId id);
  /// Ends questions that are answered or late. `caught_up`: no connected peer announced more than is accepted here.
  void finish_due(bool caught_up);
  [[nodiscard]] bool open() const { return !questions_.empty(); }

 private:
  struct Question {
    base::MonoTime quiet{0};
    base::MonoTime deadline{0};
    base::MonoTime last_answer{0};
    std::map<PeerId, bool> answered;
    std::function<void(bool)> done;
  };

  ReplicatorCore& core_;
  std::vector<Question> questions_;
};

}  // namespace shoal::replication
