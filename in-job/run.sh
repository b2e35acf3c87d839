#!/usr/bin/env bash
# Installs carbon-lint into a new venv of its own, away from the job's Python, and becomes it.
#
#   run.sh [core]     `core`: only what linting needs (lint/action.yml)
#
# The venv is made anew for each step: an earlier step could have changed one that is found. pip's cache makes it quick.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
root="$(dirname "$here")"
requirements="$root/requirements${1:+-$1}.txt"
first=11 last=14 # Python 3.x: those for which every locked package has a wheel

stop() { # MESSAGE HINT: outputs, one annotation, and no way on
  [ -z "${GITHUB_OUTPUT:-}" ] || write_outputs
  printf '::endgroup::\n::error title=carbon-lint::%s%%0A  %s\n' "$1" "$2"
  exit 2
}

write_outputs() { # all that is known: a measurement was asked for and could not begin
  local outcome=''
  [[ ! "${CARBON_LINT_INPUTS:-}" =~ \"command\":\ *\"[^\"] ]] || outcome=unmeasured
  printf 'outcome=%s\n' "$outcome" >>"$GITHUB_OUTPUT" || true
}

[ "$(uname -s)" = Linux ] || stop "carbon-lint's actions need Linux, and this job runs on $(uname -s)" \
  'write `runs-on: ubuntu-24.04`; `carbon-lint check` lints on any system'
[ -z "${RUNNER_TEMP:-}" ] || rm -rf "$RUNNER_TEMP"/carbon-lint-?????? # of an earlier step of this job: 335 MB each
private="$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/carbon-lint-XXXXXX")" ||
  stop 'cannot make a folder for carbon-lint' 'RUNNER_TEMP must be a folder that can be written to'

# What Python, venv and pip are not given: variables that load code, and every secret of this step.
without=()
while IFS= read -r -d '' entry; do
  case "${entry%%=*}" in
    PYTHON* | CARBON_LINT_* | INPUT_* | HF_TOKEN | HUGGING_FACE_HUB_TOKEN | HF_OIDC* | GITHUB_TOKEN | GITHUB_ENV | \
      GITHUB_PATH | GITHUB_OUTPUT | ACTIONS_ID_TOKEN_REQUEST_* | ACTIONS_RUNTIME_TOKEN | ELECTRICITYMAPS_API_TOKEN)
      without+=(-u "${entry%%=*}") ;;
  esac
done </proc/self/environ
alone() ( # COMMAND...: as above, and not in the workspace, whose modules Python and pip would import
  cd "$private" && exec env "${without[@]}" "$@"
)

python='' found=''
probe='import os, sys; print(sys.version_info[0] * 100 + sys.version_info[1], "%d.%d" % sys.version_info[:2], hasattr(os, "eventfd"))'
for candidate in python3 python python3.{14,13,12,11}; do
  read -r number version has_eventfd < <(alone "$candidate" -I -c "$probe" 2>/dev/null) || continue
  if ((number < 300 + first || number > 300 + last)); then
    found="${found:+$found, }$version"
  elif [ "$has_eventfd" != True ]; then
    found="${found:+$found, }$version without os.eventfd"
  else
    python="$(command -v "$candidate")"
    break
  fi
done
[ -n "$python" ] || stop "carbon-lint needs Python 3.$first to 3.$last, and the job has ${found:-none}" \
  'add a step before it: `- uses: actions/setup-python@v7` with `python-version: "3.12"`'

venv="$private/venv"
echo '::group::carbon-lint: installing'
alone "$python" -I -m venv "$venv" || stop 'cannot make a virtual environment; the lines above say why' \
  'on Debian and Ubuntu: add `apt-get install --yes python3-venv` to a step before it'
alone "$venv/bin/python" -I "$here/install.py" "$requirements" || stop 'cannot install carbon-lint' \
  'the lines above say why; the job needs a way to PyPI, or PIP_INDEX_URL of a mirror'
touch "$venv/carbon-lint-private"
echo '::endgroup::'
# -I: nothing of the job's own packages can stand in for one of ours. The job gets its PYTHONPATH back.
exec env CARBON_LINT_PYTHONPATH="${PYTHONPATH:-}" "$venv/bin/python" -I -u "$root/entrypoint.py" --in-job
