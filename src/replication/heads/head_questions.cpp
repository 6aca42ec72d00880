#include "replication/heads/head_questions.h"

namespace shoal::replication {

void HeadQuestions::ask(base::MonoTime quiet, base::MonoTime timeout, std::function<void(bool)> done) {
  Question question;
  question.quiet = quiet;
  question.deadline = core_.now() + timeout;
  question.last_answer = core_.now();
  question.done = std::move(done);
  for (const auto& [id, peer] : core_.peers()) {
    if (peer->first_head_came) core_.send(*peer, AskHead{});
  }
  questions_.push_back(std::move(question));
}

void HeadQuestions::answered(PeerId id) {
  for (Question& question : questions_) {
    question.answered[id] = true;
    question.last_answer = core_.now();
  }
}

void HeadQuestions::finish_due(bool caught_up) {
  const base::MonoTime now = core_.now();
  for (std::size_t i = 0; i < questions_.size();) {
    Question& question = questions_[i];
    bool all = true;
    bool any = false;
    // If no peer knows a head, the question stays open until its deadline: a peer that knows one may still connect.
    bool head_known = core_.reader().head().has_value();
    for (const auto& [id, peer] : core_.peers()) {
      if (peer->gone) continue;
      const bool has = question.answered.contains(id);
      any = any || has;
      all = all && has;
      head_known = head_known || peer->view.head.has_value();
    }
    any = any && head_known;
    const bool complete = all && any && caught_up && now - question.last_answer >= question.quiet;
    if (!complete && now < question.deadline) {
      ++i;
      continue;
    }
    core_.later([done = std::move(question.done), any] { done(any); });
    questions_.erase(questions_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace shoal::replication
