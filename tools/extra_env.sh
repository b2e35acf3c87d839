#!/bin/sh
# Makes an environment for tests that need more than that of `make test`: it sees all of .venv, and holds what the extra
# of this project brings beside it.
#
#   tools/extra_env.sh NAME EXTRA     makes .ci-cache/NAME-venv anew
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
venv=$root/.ci-cache/$1-venv
site() { "$1/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }

rm -rf "$venv"
"$root/.venv/bin/python" -m venv "$venv"
echo "import site; site.addsitedir('$(site "$root/.venv")')" >"$(site "$venv")/of-the-tests.pth"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile --editable "${root}[$2]"
