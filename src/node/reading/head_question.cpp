#include "node/reading/head_question.h"

namespace shoal::node {

std::shared_ptr<const HeadQuestion> HeadQuestion::ask(FeedHost& host, std::chrono::milliseconds grace,
                                                      std::chrono::milliseconds timeout) {
  auto question = std::make_shared<HeadQuestion>();
  host.post([&host, question, grace, timeout] {
    host.replicator().ask_heads(grace, timeout, [&host, question](bool by_a_peer) {
      question->answered = by_a_peer;
      question->done = true;
      host.news().notify();
    });
  });
  return question;
}

}  // namespace shoal::node
