#pragma once

#include "feed/format/manifest.h"

/// What a feed says of itself, under the names that doors use.
namespace shoal::node {

using Manifest = feed::Manifest;
using ManifestTopic = feed::ManifestTopic;

using feed::decode_manifest;
using feed::encode_manifest;

}  // namespace shoal::node
