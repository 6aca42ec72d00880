#include "base/try.h"
#include "c/objects.h"

namespace shoal::c {
namespace {

using ProducerHandles = HandleTable<shoal_producer, ProducerObject>;

ProducerHandles& producers() { return handles<shoal_producer, ProducerObject>(); }

Result<std::shared_ptr<ProducerObject>> find_producer(const shoal_producer* producer) {
  auto found = producers().find(producer);
  if (!found) return no_handle("shoal_producer");
  return found;
}

/// Without mirrors that acknowledge.
constexpr std::size_t kFirstProducerOptions = offsetof(shoal_producer_options, acks_mirrors);

Result<Acks> acks_of(const shoal_producer_options& given) {
  const bool mirrors = given.acks_mirrors != 0;
  const bool named = given.acks_named_count != 0;
  if ((given.acks_none != 0) + mirrors + named > 1) {
    return Error{Code::invalid_argument, "acks_none, acks_mirrors and acks_named exclude each other", ""};
  }
  if (given.acks_none != 0) return Acks::none();
  if (mirrors) return Acks::mirrors(given.acks_mirrors);
  if (!named) return Acks::durable();
  SHOAL_TRY(auto names, read_texts(given.acks_named, given.acks_named_count, "acks_named"));
  return Acks::named(std::move(names));
}

Result<ProducerOptions> producer_options(const shoal_producer_options& given) {
  ProducerOptions options;
  if (given.linger_ms != 0) options.linger = std::chrono::milliseconds(std::max<std::int64_t>(given.linger_ms, 0));
  if (given.batch_bytes != 0) options.batch_bytes = given.batch_bytes;
  if (given.max_buffered != 0) options.max_buffered = given.max_buffered;
  if (given.codec < SHOAL_CODEC_DEFAULT || given.codec > SHOAL_CODEC_ZSTD) {
    return Error{Code::invalid_argument, "there is no codec " + std::to_string(given.codec), ""};
  }
  if (given.codec != SHOAL_CODEC_DEFAULT) options.codec = static_cast<Codec>(given.codec - SHOAL_CODEC_NONE);
  SHOAL_TRY(options.acks, acks_of(given));
  if (given.max_time_ahead_ms != 0) {
    options.max_time_ahead = given.max_time_ahead_ms < 0 ? std::chrono::milliseconds::max()
                                                         : std::chrono::milliseconds(given.max_time_ahead_ms);
  }
  return options;
}

static_assert(static_cast<int>(Codec::gzip) == SHOAL_CODEC_GZIP - SHOAL_CODEC_NONE);
static_assert(static_cast<int>(Codec::zstd) == SHOAL_CODEC_ZSTD - SHOAL_CODEC_NONE);

Result<ProducerRecord> producer_record(const shoal_record& given) {
  ProducerRecord record;
  SHOAL_TRY(record.topic, read_text_or(given.topic, "topic", "default"));
  SHOAL_TRY(record.key, read_bytes(given.key, "key"));
  SHOAL_TRY(record.value, read_bytes(given.value, "value"));
  if (given.header_count > 0 && given.headers == nullptr) return null_argument("headers");
  for (std::size_t i = 0; i < given.header_count; ++i) {
    const shoal_header& header = given.headers[i];
    if (header.name.data == nullptr) return null_argument("a header's name");
    std::string name(static_cast<const char*>(header.name.data), header.name.size);
    if (!is_utf8(name)) return Error{Code::invalid_argument, "a header's name is not UTF-8", ""};
    SHOAL_TRY(auto value, read_bytes(header.value, "a header's value"));
    record.headers.emplace_back(std::move(name), std::move(value));
  }
  if (given.has_time != 0) record.time = UnixMs(given.time_ms);
  if (given.has_partition != 0) record.partition = Partition(given.partition);
  return record;
}

}  // namespace
}  // namespace shoal::c

using namespace shoal;
using namespace shoal::c;

shoal_code shoal_producer_open(shoal_feed* feed, const shoal_producer_options* options, shoal_producer** producer,
                               shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    SHOAL_CHECK(require_no_callback("shoal_producer_open"));
    if (producer == nullptr) return null_argument("producer");
    const auto found = handles<shoal_feed, Feed>().find(feed);
    if (!found) return no_handle("shoal_feed");
    SHOAL_TRY(const auto given, read_options(options, "shoal_producer_options", kFirstProducerOptions));
    SHOAL_TRY(const auto wanted, producer_options(given));
    SHOAL_TRY(auto made, found->producer(wanted));
    if (given.on_acked != nullptr) {
      made.on_acked([handler = given.on_acked, user = given.on_acked_user](const AckRun& run) {
        const CallbackScope scope;
        handler(user, run.topic.c_str(), run.partition.value(), run.first.value(), run.last.value());
      });
    }
    *producer = producers().add(std::make_shared<ProducerObject>(std::move(made)));
    return {};
  });
}

shoal_code shoal_producer_send(shoal_producer* producer, const shoal_record* record, std::int64_t timeout_ms,
                               shoal_stop* stop, shoal_position* position, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (record == nullptr) return null_argument("record");
    if (timeout_ms != 0) SHOAL_CHECK(require_no_callback("shoal_producer_send"));
    SHOAL_TRY(const auto found, find_producer(producer));
    SHOAL_TRY(const auto wait, read_wait(timeout_ms, stop));
    SHOAL_TRY(const auto given, read_options(record, "shoal_record"));
    SHOAL_TRY(const auto sent, producer_record(given));
    SHOAL_TRY(const auto taken, found->producer.send(sent, wait));
    if (position != nullptr) *position = shoal_position{taken.offset.value(), taken.partition.value()};
    return {};
  });
}

shoal_code shoal_producer_try_send(shoal_producer* producer, const shoal_record* record, shoal_position* position,
                                   shoal_error* error) {
  return shoal_producer_send(producer, record, 0, nullptr, position, error);
}

shoal_code shoal_producer_flush(shoal_producer* producer, std::int64_t timeout_ms, shoal_stop* stop,
                                shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (timeout_ms != 0) SHOAL_CHECK(require_no_callback("shoal_producer_flush"));
    SHOAL_TRY(const auto found, find_producer(producer));
    SHOAL_TRY(const auto wait, read_wait(timeout_ms, stop));
    return found->producer.flush(wait);
  });
}

shoal_code shoal_producer_free(shoal_producer* producer, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    SHOAL_CHECK(require_no_callback("shoal_producer_free"));
    if (producer != nullptr && !producers().remove(producer)) return no_handle("shoal_producer");
    return {};
  });
}
