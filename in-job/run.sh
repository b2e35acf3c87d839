#!/usr/bin/env bash
# Installs carbon-lint into a venv of its own, away from the job's Python, and becomes it.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
temporary="${RUNNER_TEMP:-${TMPDIR:-/tmp}}"

stop() { # message, hint: one annotation, and no way on
  printf '::error title=carbon-lint::%s%%0A  %s\n' "$1" "$2"
  exit 2
}

find_python() {
  local candidate
  for candidate in "${CARBON_LINT_PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

python="$(find_python)" || stop 'carbon-lint needs Python 3.11 or later, and the job has none' \
  'add a step before it: `- uses: actions/setup-python@v7` with `python-version: "3.12"`'

# One venv a job and lock: a second step of the same job finds it ready.
key="$(cat "$root/requirements.txt" <("$python" -V) | sha256sum | cut -c 1-16)"
venv="$temporary/carbon-lint-$key"
if [ ! -e "$venv/.ready" ]; then
  echo "::group::carbon-lint: installing into $venv"
  rm -rf "$venv"
  "$python" -m venv "$venv" || stop 'cannot make a virtual environment' \
    'on Debian and Ubuntu: add `apt-get install --yes python3-venv` to a step before it'
  env -u PIP_REQUIRE_VIRTUALENV -u PIP_USER -u PIP_TARGET -u PYTHONPATH -u PYTHONHOME \
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
    --requirement "$root/requirements.txt" ||
    stop 'cannot install carbon-lint' 'the lines above say why; the job needs a way to PyPI, or PIP_INDEX_URL of a mirror'
  touch "$venv/carbon-lint-private" "$venv/.ready"
  echo "::endgroup::"
fi
# -s and no PYTHONPATH: nothing of the job's own packages can stand in for one of ours. The job gets its PYTHONPATH back.
exec env -u PYTHONPATH -u PYTHONHOME CARBON_LINT_PYTHONPATH="${PYTHONPATH:-}" "$venv/bin/python" -s "$root/entrypoint.py"
