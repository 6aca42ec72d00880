/// An owner who signs two histories with one key: makes two data directories of the feed `feed` that share their first
/// blocks and then differ. For tests; never installed.
///
///     equivocating_publisher ONE TWO COMMON MORE_ONE MORE_TWO [MOMENT]
///
/// The topic `default` has the records `common 0` and so on, one a block, then `one 0` and so on in ONE and `two 0` and
/// so on in TWO. MOMENT is where the owner's clock begins, in unix ms. Prints the feed's id. The directories are as a
/// node leaves them: `shoal node --data ONE` serves one.

#include "crypto/key_file.h"
#include "feed/write/feed_writer.h"
#include "node/directory/storage.h"
#include "record/record_batch.h"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace shoal;

[[noreturn]] void fail(const std::string& text) {
  std::fprintf(stderr, "equivocating_publisher: %s\n", text.c_str());
  std::exit(1);
}

template <typename T>
T need(Result<T> result) {
  if (!result) fail(result.error().message);
  return *std::move(result);
}
void need(const Result<void>& result) {
  if (!result) fail(result.error().message);
}

/// Block for block the same time in both histories: what they share is equal to the last bit.
class CountingClock final : public base::Clock {
 public:
  explicit CountingClock(UnixMs start) : now_(start) {}
  [[nodiscard]] UnixMs wall_now() const override { return now_; }
  [[nodiscard]] base::MonoTime mono_now() const override { return base::MonoTime{0}; }
  void tick() { now_ += 1000; }

 private:
  UnixMs now_;
};

class History {
 public:
  History(const std::filesystem::path& directory, const crypto::KeyPair& key, UnixMs start) : clock_(start) {
    storage_ = need(node::Storage::open(directory, sink_));
    std::filesystem::create_directory(storage_->directory->keys());
    std::filesystem::permissions(storage_->directory->keys(), std::filesystem::perms::owner_all);
    need(crypto::write_key_file(storage_->directory->keys() / "feed.key", key, std::nullopt));
    log_ = need(feed::FeedLog::open({storage_->own.get(), storage_->own.get()}, FeedId{key.public_key()}));
    feed::WriterOptions options;
    options.place = storage_->place;
    options.marked = feed::WriterOptions::Marked{.unused = true};
    writer_ = need(feed::FeedWriter::open(*log_, *storage_->own, *storage_->journal,
                                          need(crypto::KeyPair::from_seed(key.seed().view())), clock_, sink_, options));
  }

  void publish(const std::string& word, int records) {
    for (int i = 0; i < records; ++i) {
      clock_.tick();
      const std::string text = word + " " + std::to_string(i);
      const UnixMs time = clock_.wall_now();
      feed::PendingBatch batch{{"default", Partition{0}}, {}, 1, time, time};
      batch.batch =
          need(record::encode_batch({{time, std::nullopt, Bytes(text.begin(), text.end()), {}}}, record::Codec::none));
      std::vector<feed::PendingBatch> group;
      group.push_back(std::move(batch));
      need(writer_->commit(std::move(group)));
    }
  }

 private:
  base::NullLogSink sink_;
  CountingClock clock_;
  std::shared_ptr<node::Storage> storage_;
  std::unique_ptr<feed::FeedLog> log_;
  std::unique_ptr<feed::FeedWriter> writer_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 && argc != 7) fail("usage: equivocating_publisher ONE TWO COMMON MORE_ONE MORE_TWO [MOMENT]");
  const UnixMs start{argc == 7 ? std::atoll(argv[6]) : 1'700'000'000'000};
  crypto::init();
  const auto key = crypto::KeyPair::generate();
  const char* words[] = {"one", "two"};
  for (int i = 0; i < 2; ++i) {
    History history(argv[1 + i], key, start);
    history.publish("common", std::atoi(argv[3]));
    history.publish(words[i], std::atoi(argv[4 + i]));
  }
  std::printf("%s\n", key.public_key().hex().c_str());
}
