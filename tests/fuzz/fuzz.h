#pragma once

#include "base/assert.h"
#include "base/bytes.h"

#include <algorithm>
#include <string>
#include <vector>

/// What the fuzz programs share. Each defines LLVMFuzzerTestOneInput(), which aborts where a property does not hold,
/// and seeds(): good inputs, so that mutations begin beyond the first checks. A main function comes from libFuzzer or
/// from regression_main.cpp.
namespace shoal::fuzz {

/// Good inputs of this program, the choosing byte included.
std::vector<Bytes> seeds();

/// A file below tests/vectors; ends the program when it is not there.
Bytes vector_file(const std::string& name);

inline Bytes choose(std::uint8_t parser, ByteView input) {
  Bytes out{parser};
  base::append(out, input);
  return out;
}

inline Bytes text(std::string_view words) {
  const ByteView view = base::as_bytes(words);
  return {view.begin(), view.end()};
}

inline bool same(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

}  // namespace shoal::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
