#!/usr/bin/env bash
# From a laptop: train on a Hugging Face Job, hold it to a limit in kWh, keep record and journal in a bucket of yours.
#   BUCKET=me/carbon MAX_ENERGY='2 kWh' examples/elsewhere/hf-jobs.sh train.py --epochs 3
# `hf` comes with huggingface_hub. The folder that you are in is copied and mounted at /src, read-only.
set -euo pipefail
bucket="${BUCKET:?which bucket keeps the records? me/carbon}"
# By repository and tag, never by the bare name: pin the commit of the release instead where that matters.
package="${PACKAGE:-carbon-lint[run] @ git+https://github.com/OWNER/carbon-lint@v0.1.0}"
# Without --timeout a Job ends after 30 minutes. Its variables are expanded there and not here.
# shellcheck disable=SC2016
exec "${HF:-hf}" jobs run --flavor "${FLAVOR:-a10g-small}" --timeout "${TIMEOUT:-2h}" --secrets HF_TOKEN \
  --env PACKAGE="$package" --env MAX_ENERGY="${MAX_ENERGY:-1 kWh}" \
  --volume .:/src --volume "hf://buckets/$bucket:/carbon" \
  -- "${IMAGE:-ghcr.io/astral-sh/uv:python3.12-bookworm}" \
  bash -euc 'cd /src; export UV_PROJECT_ENVIRONMENT=/tmp/venv
    exec uvx --from "$PACKAGE" carbon-lint run --max-energy "$MAX_ENERGY" --record "/carbon/$JOB_ID.json" -- uv run "$@"' \
  job "$@"
