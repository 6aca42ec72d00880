#pragma once

#include "c/boundary.h"
#include "c/handles.h"

#include <shoal/shoal.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// What the handles of libshoal_c stand for.
namespace shoal::c {

/// Views in C's form, with what they point to.
struct RecordsObject {
  explicit RecordsObject(Records taken);

  Records records;
  std::set<std::string, std::less<>> topics;  ///< with a NUL at their ends
  std::vector<shoal_header> headers;
  std::vector<shoal_record_view> views;
  std::uint64_t poll = 0;  ///< of which poll; 0: of none
};

struct ProducerObject {
  explicit ProducerObject(Producer made) : producer(std::move(made)) {}
  Producer producer;
};

/// One call at a time: a second one gets an error and does not enter.
struct SubscriptionObject {
  explicit SubscriptionObject(Subscription made) : subscription(std::move(made)) {}
  std::mutex busy;
  Subscription subscription;
  std::string cursor;       ///< of the newest poll
  std::uint64_t polls = 0;  ///< names the newest one
};

struct MirrorObject {
  explicit MirrorObject(Mirror made) : mirror(std::move(made)) {}
  std::mutex busy;
  Mirror mirror;
};

/// The object of a handle, or Code::invalid_argument.
[[nodiscard]] Result<std::shared_ptr<Node>> find_node(const shoal_node* node);

using NodeHandles = HandleTable<shoal_node, Node>;

[[nodiscard]] Result<shoal_records*> give_records(std::shared_ptr<RecordsObject> records);
[[nodiscard]] Result<std::shared_ptr<RecordsObject>> find_records(const shoal_records* records);

[[nodiscard]] Result<GetRequest> read_get_request(const shoal_get_request* request);

}  // namespace shoal::c
