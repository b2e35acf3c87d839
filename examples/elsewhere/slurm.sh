#!/usr/bin/env bash
#SBATCH --job-name=train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --signal=B:TERM@120
# Slurm: carbon-lint runs once a node under srun and leaves a record each; they are merged without counting a node twice.
# --signal: the batch shell hears SIGTERM two minutes before the time limit and hands it on, so that records are written.
set -euo pipefail
records="${RECORDS:-records-${SLURM_JOB_ID:-local}}"
mkdir -p "$records"

${SRUN:-srun} bash -c '
  exec carbon-lint run --location "$LOCATION" --max-emissions "${MAX_EMISSIONS:-1 kg}" --budget-folder "$0/budget" \
    --record "$0/node-${SLURM_NODEID:-0}.json" -- "$@"
' "$records" "$@" &
srun_pid=$!
trap 'kill -TERM "$srun_pid"' TERM
status=0
wait "$srun_pid" || status=$?
# A signal ends the first wait; the second waits for the job to write its checkpoint and its record.
[ "$status" -le 128 ] || { status=0; wait "$srun_pid" || status=$?; }

carbon-lint merge "$records" -o run.json
carbon-lint gate run.json --max-emissions "${MAX_EMISSIONS:-1 kg}"
exit "$status"
