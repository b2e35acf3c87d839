#!/bin/sh
# Makes the environment in which the tests marked `trainer` train: PyTorch for the CPU, transformers, CodeCarbon,
# and Lightning.
# A venv of its own, because the program itself must never be installed where the training's Python is.
#
#   tools/trainer_env.sh [FOLDER]     prints the path of its Python; does nothing where the environment is there already
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
venv=${1:-$root/.ci-cache/trainer-venv}
wanted="torch==2.13.0 transformers==5.23.0 accelerate==1.15.0 codecarbon==3.3.2 lightning==2.6.6"

if [ "$(cat "$venv/.made-for" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    # torch first and alone: accelerate would bring the build for CUDA, ten times as large
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        transformers==5.23.0 accelerate==1.15.0 codecarbon==3.3.2 lightning==2.6.6 >&2
    printf '%s' "$wanted" >"$venv/.made-for"
fi
printf '%s\n' "$venv/bin/python"
