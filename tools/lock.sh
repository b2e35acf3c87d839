#!/usr/bin/env bash
# Writes requirements.txt: every package of the image and of the in-job action, by version and hash, for Linux and
# Python 3.11 and later. Needs uv (`pip install uv`).
set -euo pipefail
cd "$(dirname "$0")/.."
uv pip compile pyproject.toml --extra all --extra github --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --custom-compile-command tools/lock.sh \
  --output-file requirements.txt "$@"
printf '%s\n' 'hatchling' | uv pip compile - --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements-build.txt "$@"
