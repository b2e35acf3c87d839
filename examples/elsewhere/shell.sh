#!/usr/bin/env bash
# Any CI that can run a shell, and a laptop: train under a budget, write the card, lint it. Publishing is a last line.
#   LOCATION=FRA MAX_EMISSIONS='500 g' examples/elsewhere/shell.sh python train.py
set -euo pipefail
record="${RECORD:-record.json}"
card="${CARD:-README.md}"

status=0
carbon-lint run --location "${LOCATION:?where does the power come from? FRA, USA/virginia, ...}" \
  --max-emissions "${MAX_EMISSIONS:-1 kg}" --record "$record" -- "$@" || status=$?
# A run that failed has a record too: keep it before giving up.
[ "$status" = 0 ] || exit "$status"
carbon-lint card "$card" --from "$record"
carbon-lint check "$card"
# carbon-lint publish "$card" --to owner/model
