#!/usr/bin/env bash
# Refuses commit subjects that do not have the form of CONTRIBUTING.md: `area: imperative sentence`, at most 72 characters.
#
#   scripts/commits.sh           the commits of this branch since the rule came (.gitmessage)
#   scripts/commits.sh RANGE     a range of git, for example origin/main..HEAD

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case "${1:-}" in
  -h | --help) print_help; exit 0 ;;
esac
if ! in_git rev-parse -q --verify HEAD >/dev/null; then
  say "commits: no git history here, nothing to check"
  exit 0
fi
range=${1:-}
if [ -z "$range" ]; then
  rule=$(in_git log --diff-filter=A --format=%H -- .gitmessage | tail -n 1)
  [ -n "$rule" ] || exit 0
  range="$rule..HEAD"
fi
subjects=$(in_git log --no-merges --format='%h %s' "$range") || die "no such range: $range"
bad=$(printf '%s\n' "$subjects" | awk 'NF {
  hash = $1; subject = substr($0, length(hash) + 2); why = ""
  if (length(subject) > 72) why = "over 72 characters"
  else if (subject !~ /^[a-z0-9_.\/, -]+: /) why = "no area before a colon"
  else if (subject ~ /; /) why = "several changes in one commit"
  else if (subject !~ /^[^:]+: [^ ]+ [^ ]/) why = "no sentence"
  if (why != "") printf "%s %s (%s)\n", hash, subject, why
}')
[ -z "$bad" ] && exit 0
say "commit subjects have the form \`area: imperative sentence\`, at most 72 characters, one change each (.gitmessage):"
say "$bad"
exit 1
