#pragma once

/// The map of libshoal's public headers. Start with node.h.
///
/// types.h         ids, positions, times, bytes
/// error.h         closed list of failure codes; result.h: Result<T>
/// wait.h          deadlines and cancellation
/// node.h          open a node, own feeds, mirrors, random access
/// producer.h      append records
/// subscription.h  read records, live or not, with cursors
/// records.h       records on their way in and out
/// proof.h         check the proof of a record, or of a fork, without a node
/// info.h          what a node knows of feeds and peers; json.h: the same as text
/// c.h             the same for C and other languages (libshoal_c)

#include <shoal/error.h>
#include <shoal/info.h>
#include <shoal/json.h>
#include <shoal/node.h>
#include <shoal/producer.h>
#include <shoal/proof.h>
#include <shoal/records.h>
#include <shoal/result.h>
#include <shoal/subscription.h>
#include <shoal/types.h>
#include <shoal/wait.h>
