#pragma once

#include "base/log_sink.h"
#include "feed/log/feed_log.h"
#include "feed/read/feed_reader.h"
#include "node/directory/fork_file.h"

#include <filesystem>
#include <optional>
#include <string>

namespace shoal::node {

/// What this node keeps and says of a feed whose owner signed two histories: the proof lies in the store, and in a file
/// for people to pass on. Of an owner who signed what contradicts itself there is a note in the store. Any thread after
/// open().
class ForkRecord {
 public:
  /// `directory` holds the files of proofs; empty: no files.
  ForkRecord(feed::FeedLog& log, const std::filesystem::path& directory, base::LogSink& sink);

  /// Brings store and file together: either may be missing, of a feed that was removed here and is back.
  [[nodiscard]] Result<void> open();
  /// Writes the file when the store has a proof and the file has not. False without a proof, without files, and when
  /// the disk refuses, which is logged.
  bool keep_file() const;
  /// The error that users of the feed get; nullopt while neither a fork nor a contradiction is known.
  [[nodiscard]] std::optional<Error> error() const;
  /// Path of the file; empty while no fork is known.
  [[nodiscard]] std::string path() const;

 private:
  feed::FeedLog* log_;
  const feed::FeedReader reader_;
  const bool has_files_;
  ForkFile file_;
  base::LogSink* sink_;
};

}  // namespace shoal::node
