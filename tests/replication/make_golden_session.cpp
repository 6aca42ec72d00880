// Prints the golden session as this tree speaks it: make_golden_session >tests/vectors/golden_session.txt. Only for a
// new release beside the others: what was written once stays.
#include "replication/golden_session.h"

#include <iostream>

int main() {
  shoal::replication::testing::write_session(shoal::replication::testing::record_session(), std::cout);
  return ::testing::Test::HasFailure() ? 1 : 0;
}
