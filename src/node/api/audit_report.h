#pragma once

#include "feed/read/audit_report.h"

/// What verifying a feed found, under the names that doors use.
namespace shoal::node {

using AuditReport = feed::AuditReport;
using BlockRange = feed::BlockRange;
using Checkpoint = feed::Checkpoint;

}  // namespace shoal::node
