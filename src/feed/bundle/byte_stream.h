#pragma once

#include <shoal/types.h>

#include <functional>

/// A bundle's bytes on their way out and in.
namespace shoal::feed {

/// Takes the bytes of a bundle in order; an error ends the writing.
using ByteSink = std::function<Result<void>(ByteView)>;
/// Gives the next bytes, in order; empty at their end.
using ByteSource = std::function<Result<Bytes>()>;

}  // namespace shoal::feed
