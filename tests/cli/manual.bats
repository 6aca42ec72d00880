#!/usr/bin/env bats
# The manual pages that the build wrote: one for each command, and nothing in them that a reader of manuals objects to.

load common

pages() {
  [ -d "${MANUAL_PAGES:-}" ] || { echo "MANUAL_PAGES names no directory" >&2; return 1; }
  printf '%s\n' "$MANUAL_PAGES"/*.1
}

@test "each command has a page" {
  pages > all
  while read -r name; do
    grep -q "/shoal-${name// /-}\.1$" all || { echo "no page for $name"; false; }
  done < <(shoal --help | sed -n '/^Commands:/,/^$/s/^  \(.\{13\}\).*/\1/p' | sed 's/ *$//')
  grep -q '/shoal\.1$' all
}

@test "mandoc, groff and man have nothing to say" {
  for page in $(pages); do
    expect 0 mandoc -T lint -W warning "$page"
    [ -z "$output$stderr" ]
    expect 0 groff -man -Tutf8 -ww -z "$page"
    [ -z "$output$stderr" ]
  done
  MANWIDTH=80 expect 0 man --warnings -l "$MANUAL_PAGES/shoal-pub.1"
  [ -z "$stderr" ]
  [[ "$output" == *"--batch-bytes"* ]]
}

@test "a page says what the help says" {
  for word in pub "key export"; do
    mandoc -T utf8 "$MANUAL_PAGES/shoal-${word// /-}.1" | col -b > page
    shoal $word --help | grep -oE -- ' --[a-z-]+' | while read -r option; do
      grep -q -- "$option" page || { echo "$word: no $option"; false; }
    done
  done
}
