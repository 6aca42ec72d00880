#pragma once

// Which mutant of a rewritten file is active, and which ones a run came by (schemata.py writes the calls).
//   SHOAL_MUTANT=17            the mutant with this number is active; without it none is
//   SHOAL_MUTANTS_REACHED=F    the number of each mutant that is come by goes into the file F, once a process
// A number is written at once: a process that is killed, or ends by _exit, has told what it reached.

#include <fcntl.h>
#include <unistd.h>
#include <atomic>
#include <cstdlib>
#include <string>

namespace {

constexpr int kShoalMutants = 10000;

inline int shoal_active_mutant() {
  const char* number = std::getenv("SHOAL_MUTANT");
  return number == nullptr ? 0 : std::atoi(number);
}

inline void shoal_note_reached(const char* file, int id) {
  static std::atomic<bool> noted[kShoalMutants];
  if (noted[id].exchange(true, std::memory_order_relaxed)) return;
  const std::string line = std::to_string(id) + "\n";
  const int opened = ::open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (opened < 0 || ::write(opened, line.data(), line.size()) < 0) std::abort();
  ::close(opened);
}

inline bool shoal_mutant(int id) {
  static const int active = shoal_active_mutant();
  static const char* const reached = std::getenv("SHOAL_MUTANTS_REACHED");
  if (reached != nullptr) shoal_note_reached(reached, id);
  return active == id;
}

}  // namespace
