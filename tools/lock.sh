#!/usr/bin/env bash
# Writes requirements.txt: every package of the image and of the in-job action, by version and hash, for Linux and
# Python 3.11 and later; and requirements-core.txt, the part of it that linting needs. Needs uv (`pip install uv`).
# Afterwards sees to it that each has a wheel for every Python that in-job/run.sh takes, on both kinds of machine.
set -euo pipefail
cd "$(dirname "$0")/.."
uv pip compile pyproject.toml --extra all --extra github --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --custom-compile-command tools/lock.sh \
  --output-file requirements.txt "$@"
printf '%s\n' 'hatchling' | uv pip compile - --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements-build.txt "$@"
uv pip compile pyproject.toml --constraint requirements.txt --universal --python-version 3.11 \
  --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --output-file requirements-core.txt

eval "$(sed -n 's/^\(first=[0-9]* last=[0-9]*\).*/\1/p' in-job/run.sh)"
for ((minor = first; minor <= last; minor++)); do
  for machine in x86_64 aarch64; do
    uv pip compile requirements.txt --python-version "3.$minor" --python-platform "$machine-manylinux_2_28" \
      --only-binary :all: --no-deps --quiet --no-header >/dev/null
    echo "wheels for Python 3.$minor on $machine: all there"
  done
done
