#!/usr/bin/env bash
# Makes a Docker daemon and the base image available, for the container part of .ci/run.
#
# Exit status: 0 ready · 75 neither a daemon nor a base image can be had here, so that the container part cannot run.
# That is said loudly: it must not pass for a success.
set -euo pipefail
cd "$(dirname "$0")/.."
BASE="$(sed -n 's/^ARG PYTHON_IMAGE=//p' Dockerfile)"
LOG="${TMPDIR:-/tmp}/carbon-lint-dockerd.log"

loud() { printf '\n!!! %s\n!!! The container action was NOT tested.\n\n' "$*" >&2; }
is_up() { docker info >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# A machine may have the client alone.
if ! command -v docker >/dev/null || { ! is_up && ! command -v dockerd >/dev/null; }; then
  echo "installing docker.io"
  as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes docker.io debootstrap \
    >/dev/null || { loud 'Docker is not installed, and apt-get cannot install docker.io.'; exit 75; }
fi
if ! is_up; then
  # Detached, or it would end with this script. Without a bridge: a machine for CI may not make one.
  as_root setsid nohup dockerd --iptables=false --ip6tables=false --bridge=none >"$LOG" 2>&1 </dev/null &
  for _ in $(seq 60); do is_up && break; sleep 0.5; done
fi
is_up || { tail -n 5 "$LOG" >&2 || true; loud "The Docker daemon does not start; its log is $LOG."; exit 75; }

if docker image inspect "$BASE" >/dev/null 2>&1; then
  echo "$BASE is here"
elif docker pull --quiet "$BASE" 2>/dev/null; then
  echo "$BASE pulled"
elif [ -x ../shared/tools/base-image.sh ]; then
  command -v debootstrap >/dev/null || as_root apt-get install -qq --yes debootstrap >/dev/null
  version="${BASE#python:}"
  ../shared/tools/base-image.sh "${version%%-*}" || { loud "No registry answers, and $BASE cannot be made here."; exit 75; }
else
  loud "No registry answers, so there is no $BASE."
  exit 75
fi
