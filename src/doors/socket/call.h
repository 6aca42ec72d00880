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

/// One request on its way through its handler. It may read; a handler that needs another right takes it beside the call
/// (routes.h).
struct Call {
  node::ReadingApi& reading;
  EventHub& events;
  RequestReader& request;
  Answer& answer;
  std::vector<std::string> arguments;  ///< what stands for the braces of the route, decoded
  QueryReader query;
  std::stop_token stop;             ///< the client left, or the server stops
  std::chrono::milliseconds idle;   ///< a stream says after so long that it has nothing to say
  std::chrono::milliseconds grace;  ///< how long a producer waits for the one before it
};

/// Bodies that are one JSON object.
inline constexpr std::size_t kMaxJsonBody = std::size_t{1} << 20;

}  // namespace shoal::doors
