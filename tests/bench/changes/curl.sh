#!/bin/bash
# The shell loop: curl, a process for each request. curl.sh URL TARGETS-FILE CONCURRENCY LOOKS-BEFORE LOOKS-AFTER
set -euo pipefail
export url=$1 before=$4 after=$5
one() {
  for ((i = 0; i < before; i++)); do curl -s -o /dev/null "$url/entries/$1"; done
  curl -sf -o /dev/null -X PUT -H 'Content-Type: application/json' -d '{"note": "campaign"}' "$url/entries/$1"
  for ((i = 0; i < after; i++)); do curl -sf -o /dev/null "$url/entries/$1"; done
}
export -f one
xargs -P "$3" -I{} bash -c 'one {}' <"$2"
