#pragma once

#include "doors/http/http_answer.h"
#include "doors/http/http_request.h"
#include "doors/text/query.h"
#include "node/api/reading_api.h"

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

namespace shoal::doors {

class EventHub;
class StreamPlaces;

/// One request while it is handled. It has the right to read; a handler that needs another right takes it beside the
/// call (routes.h).
struct Call {
  node::ReadingApi& reading;
  EventHub& events;
  StreamPlaces& places;
  RequestReader& request;
  Answer& answer;
  std::vector<std::string> arguments;  ///< values of the `{}` of the route, decoded
  QueryReader query;
  bool gives_batches;               ///< the body is frames of batch_frame.h
  bool takes_batches;               ///< the answer shall be frames of batch_frame.h
  std::stop_token stop;             ///< set when the client left or the server stops
  std::chrono::milliseconds idle;   ///< after this long without a line a stream sends `idle`
  std::chrono::milliseconds grace;  ///< a producer waits this long for the one before it
};

/// Longest body that is one JSON object, in bytes.
inline constexpr std::size_t kMaxJsonBody = std::size_t{1} << 20;

}  // namespace shoal::doors
