#!/usr/bin/env bash
# The swarm simulation: the real replication code in one process on a virtual clock, with latency, loss, dead, hostile
# and cut-off nodes; checkers watch the invariants. docs/TESTING.md says what the figures mean.
#
#   scripts/sim.sh [--profile NAME] [--seed N] [--rounds N] [--json] [--repeat]
#
#   --profile   swarm-10 (default), swarm-100 (seconds), swarm-1000 (minutes): the real code;
#               gossip-2k (seconds), gossip-100k (minutes): its decisions of the live tail on a modelled transport
#   --seed      the first seed; the same seed plays the same run, and a failing one is printed
#   --rounds    so many seeds in a row
#   --repeat    each seed twice: the traces must agree
#   SHOAL_SIM=FILE scripts/sim.sh      this program instead of one built here

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case " $* " in *" --help "* | *" -h "*) print_help; exit 0 ;; esac

if [ -z "${SHOAL_SIM:-}" ]; then
  build_targets build dev swarm_sim
  SHOAL_SIM=$PWD/build/dev/tests/simulation/swarm_sim
fi

case " $* " in *" --profile "*) ;; *) set -- --profile swarm-10 "$@" ;; esac
exec nice "$SHOAL_SIM" "$@"
