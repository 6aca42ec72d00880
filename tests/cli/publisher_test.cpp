#include "publisher.h"

#include "base/bytes.h"
#include "temporary_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using testing::ElementsAre;

/// Takes everything, unless told otherwise; acknowledges at each flush.
class FakeProducer final : public node::ProducerApi {
 public:
  void on_acked(std::function<void(const AckRun&)> callback) override { acked_ = std::move(callback); }
  Result<Position> send_batch(const TopicPartition&, Bytes, const Wait&) override {
    return Error{Code::unsupported, "no batches here", ""};
  }
  Result<Position> send(const ProducerRecord& record, const Wait&) override {
    const std::string payload(base::as_text(*record.value));
    if (payload == "illegal") return Error{Code::limit_exceeded, "the record is too large", ""};
    if (payload == "dead") return Error{Code::closed, "the node is gone", ""};
    sent.push_back(record.topic + ":" + payload);
    return Position{record.topic, Partition(0), Offset(static_cast<std::int64_t>(sent.size()) - 1)};
  }
  Result<void> flush(const Wait&) override {
    ++flushes;
    if (acked_ && !sent.empty())
      acked_({"default", Partition(0), Offset(0), Offset(static_cast<std::int64_t>(sent.size()) - 1)});
    return {};
  }
  Result<void> flush_here(const Wait& wait) override { return flush(wait); }

  std::vector<std::string> sent;
  int flushes = 0;

 private:
  std::function<void(const AckRun&)> acked_;
};

class PublisherTest : public testing::Test {
 protected:
  Published publish(const std::string& text, bool skip_bad = false) {
    write_text(directory_ / "in", text);
    RecordSource stream({.files = {(directory_ / "in").string()}, .skip_bad = skip_bad}, messages_, -1);
    producer_.on_acked([this](const AckRun& run) { ledger_.add(run); });
    Publisher publisher(producer_, stream, ledger_, options_);
    return publisher.run(stop_.get_token());
  }

  TemporaryDirectory directory_;
  Messages messages_;
  DataOutput out_{-1};
  AckLedger ledger_{out_, false};
  PublisherOptions options_;
  FakeProducer producer_;
  std::stop_source stop_;
};

TEST_F(PublisherTest, SendsAllAndWaitsForTheAcknowledgements) {
  const Published published = publish("a\nb\n");
  EXPECT_EQ(published.records, 2U);
  EXPECT_FALSE(published.failure.has_value());
  EXPECT_THAT(producer_.sent, ElementsAre("default:a", "default:b"));
  EXPECT_EQ(ledger_.records(), 2U);
  EXPECT_EQ(ledger_.last_acknowledged(), "default 0 1");
}

TEST_F(PublisherTest, ARecordTheProducerRefusesIsABadLine) {
  const Published published = publish("a\nillegal\nb\n");
  EXPECT_TRUE(published.stopped_at_bad_record);
  EXPECT_EQ(published.records, 1U);
  EXPECT_EQ(producer_.flushes, 1) << "what was taken before is acknowledged";
}

TEST_F(PublisherTest, RefusedRecordsCanBeLeftOut) {
  const Published published = publish("a\nillegal\nb\n", true);
  EXPECT_FALSE(published.stopped_at_bad_record);
  EXPECT_THAT(producer_.sent, ElementsAre("default:a", "default:b"));
}

TEST_F(PublisherTest, ADeadNodeIsAFailureThatKnowsWhatWasAcknowledged) {
  const Published published = publish("a\ndead\nb\n");
  ASSERT_TRUE(published.failure.has_value());
  EXPECT_EQ(published.failure->code, Code::closed);
  EXPECT_EQ(ledger_.last_acknowledged(), "default 0 0");
}

TEST_F(PublisherTest, NothingAcknowledgedIsSaid) { EXPECT_EQ(ledger_.last_acknowledged(), "nothing"); }

}  // namespace
}  // namespace shoal::command
