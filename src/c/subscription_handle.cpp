#include "base/try.h"
#include "c/objects.h"

namespace shoal::c {
namespace {

HandleTable<shoal_subscription, SubscriptionObject>& subscriptions() {
  return handles<shoal_subscription, SubscriptionObject>();
}

Result<Start> start_of(const shoal_subscribe_options& given) {
  switch (given.start) {
    case SHOAL_START_BEGINNING: return Start::beginning();
    case SHOAL_START_END: return Start::end();
    case SHOAL_START_STORED:
      if (given.cursor == nullptr) return null_argument("cursor");
      return Start::stored();
    case SHOAL_START_TOKEN: {
      SHOAL_TRY(auto token, read_text(given.start_token, "start_token"));
      return Start::resume(std::move(token));
    }
    case SHOAL_START_OFFSET: return Start::offset(Offset(given.start_number));
    case SHOAL_START_LAST:
      if (given.start_number < 0) return Error{Code::invalid_argument, "start_number is below zero", ""};
      return Start::last(given.start_number);
    case SHOAL_START_TIME: return Start::time(UnixMs(given.start_number));
    default: return Error{Code::invalid_argument, "there is no start " + std::to_string(given.start), ""};
  }
}

Result<SubscribeOptions> subscribe_options(const shoal_subscribe_options& given) {
  SubscribeOptions options;
  SHOAL_TRY(options.topics, read_texts(given.topics, given.topic_count, "topics"));
  SHOAL_TRY(options.start, start_of(given));
  SHOAL_TRY(options.cursor, read_text_or(given.cursor, "cursor", ""));
  if (given.has_partition != 0) options.partition = Partition(given.partition);
  if (given.has_before != 0) options.before = UnixMs(given.before_ms);
  if (given.find_timeout_ms < 0) return Error{Code::invalid_argument, "find_timeout_ms is below zero", ""};
  if (given.find_timeout_ms > 0) options.find_timeout = std::chrono::milliseconds(given.find_timeout_ms);
  options.until_head = given.until_head != 0;
  options.sparse = given.sparse != 0;
  options.ordered = given.unordered == 0;
  return options;
}

std::uint64_t next_poll() {
  static std::atomic<std::uint64_t> newest = 0;
  return ++newest;
}

/// Runs `body` on the object of a handle when no other call is in it.
shoal_code exclusively(shoal_subscription* subscription, shoal_error* error,
                       const std::function<Result<void>(SubscriptionObject&)>& body) {
  return guarded(error, [&]() -> Result<void> {
    const auto found = subscriptions().find(subscription);
    if (!found) return no_handle("shoal_subscription");
    const std::unique_lock busy(found->busy, std::try_to_lock);
    if (!busy.owns_lock()) return Error{Code::in_use, "another call uses this subscription", "one thread at a time"};
    return body(*found);
  });
}

}  // namespace
}  // namespace shoal::c

using namespace shoal;
using namespace shoal::c;

shoal_code shoal_subscription_open(shoal_node* node, const char* feed_id, const shoal_subscribe_options* options,
                                   shoal_subscription** subscription, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (subscription == nullptr) return null_argument("subscription");
    SHOAL_TRY(const auto open, find_node(node));
    SHOAL_TRY(const auto id, read_feed_id(feed_id));
    SHOAL_TRY(const auto given, read_options(options, "shoal_subscribe_options"));
    SHOAL_TRY(const auto wanted, subscribe_options(given));
    SHOAL_TRY(auto made, open->subscribe(id, wanted));
    *subscription = subscriptions().add(std::make_shared<SubscriptionObject>(std::move(made)));
    return {};
  });
}

shoal_code shoal_subscription_poll(shoal_subscription* subscription, const shoal_poll_options* options,
                                   std::int64_t timeout_ms, shoal_stop* stop, shoal_poll_status* status,
                                   shoal_records** records, shoal_error* error) {
  return exclusively(subscription, error, [&](SubscriptionObject& object) -> Result<void> {
    if (status == nullptr) return null_argument("status");
    if (records == nullptr) return null_argument("records");
    if (timeout_ms != 0) SHOAL_CHECK(require_no_callback("shoal_subscription_poll"));
    SHOAL_TRY(const auto given, read_options(options, "shoal_poll_options"));
    PollOptions wanted;
    if (given.max_bytes != 0) wanted.max_bytes = given.max_bytes;
    if (given.max_records != 0) wanted.max_records = given.max_records;
    SHOAL_TRY(wanted.wait, read_wait(timeout_ms, stop));
    SHOAL_TRY(const auto poll, object.subscription.poll(wanted));
    object.cursor = poll.cursor();
    shoal_records* given_records = nullptr;
    if (poll.status() == Poll::Status::records) {
      auto taken = std::make_shared<RecordsObject>(poll.records());
      object.polls = taken->poll = next_poll();
      SHOAL_TRY(given_records, give_records(std::move(taken)));
    }
    *records = given_records;
    *status = static_cast<shoal_poll_status>(poll.status());
    return {};
  });
}

static_assert(static_cast<int>(Poll::Status::records) == SHOAL_POLL_RECORDS);
static_assert(static_cast<int>(Poll::Status::timeout) == SHOAL_POLL_TIMEOUT);
static_assert(static_cast<int>(Poll::Status::end) == SHOAL_POLL_END);

shoal_code shoal_subscription_descriptor(shoal_subscription* subscription, int* descriptor, shoal_error* error) {
  return exclusively(subscription, error, [&](SubscriptionObject& object) -> Result<void> {
    if (descriptor == nullptr) return null_argument("descriptor");
    SHOAL_TRY(*descriptor, object.subscription.descriptor());
    return {};
  });
}

shoal_code shoal_subscription_set_topics(shoal_subscription* subscription, const char* const* topics,
                                         size_t topic_count, shoal_error* error) {
  return exclusively(subscription, error, [&](SubscriptionObject& object) -> Result<void> {
    SHOAL_TRY(auto wanted, read_texts(topics, topic_count, "topics"));
    return object.subscription.set_topics(std::move(wanted));
  });
}

shoal_code shoal_subscription_cursor(shoal_subscription* subscription, char** token, shoal_error* error) {
  return exclusively(subscription, error, [&](SubscriptionObject& object) -> Result<void> {
    if (token == nullptr) return null_argument("token");
    SHOAL_TRY(*token, give_text(object.cursor));
    return {};
  });
}

shoal_code shoal_subscription_cursor_after(shoal_subscription* subscription, shoal_records* records, size_t index,
                                           char** token, shoal_error* error) {
  return exclusively(subscription, error, [&](SubscriptionObject& object) -> Result<void> {
    if (token == nullptr) return null_argument("token");
    SHOAL_TRY(const auto found, find_records(records));
    if (found->poll == 0 || found->poll != object.polls) {
      return Error{Code::invalid_argument, "these records are not of this subscription's newest poll", ""};
    }
    if (index >= found->records.size()) {
      return Error{Code::invalid_argument,
                   "there is no record " + std::to_string(index) + " of " + std::to_string(found->records.size()), ""};
    }
    SHOAL_TRY(*token, give_text(object.subscription.cursor_after(found->records.views()[index])));
    return {};
  });
}

shoal_code shoal_subscription_commit(shoal_subscription* subscription, const char* token, const char* note,
                                     shoal_error* error) {
  return exclusively(subscription, error, [&](SubscriptionObject& object) -> Result<void> {
    SHOAL_TRY(const auto position, read_text(token, "token"));
    SHOAL_TRY(const auto own_note, read_text_or(note, "note", ""));
    return object.subscription.commit(position, own_note);
  });
}

shoal_code shoal_subscription_stored(shoal_subscription* subscription, char** token, char** note, shoal_error* error) {
  return exclusively(subscription, error, [&](SubscriptionObject& object) -> Result<void> {
    if (token == nullptr) return null_argument("token");
    SHOAL_TRY(const auto stored, object.subscription.stored());
    if (stored && note != nullptr) {
      SHOAL_TRY(*note, give_text(stored->note));
    } else if (note != nullptr) {
      *note = nullptr;
    }
    *token = nullptr;
    if (stored) {
      SHOAL_TRY(*token, give_text(stored->token));
    }
    return {};
  });
}

shoal_code shoal_subscription_head_report(shoal_subscription* subscription, shoal_head_report* report,
                                          shoal_error* error) {
  return exclusively(subscription, error, [&](SubscriptionObject& object) -> Result<void> {
    if (report == nullptr) return null_argument("report");
    const HeadReport known = object.subscription.head_report();
    *report = shoal_head_report{known.head_time ? known.head_time->value() : -1, known.tree_size,
                                known.answered ? 1 : 0, known.complete ? 1 : 0};
    return {};
  });
}

shoal_code shoal_subscription_free(shoal_subscription* subscription, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (subscription != nullptr && !subscriptions().remove(subscription)) return no_handle("shoal_subscription");
    return {};
  });
}
