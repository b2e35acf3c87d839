#!/usr/bin/env bash
# slurm.conf: Epilog=/etc/slurm/slurm-epilog.sh. It runs as root on each node, after the last task of a job has ended.
# A job that was killed (out of memory, past its time limit) left a journal without a record. Its energy was spent:
# this makes the record of it, as the job's user. A record that is there already is left as it is.
# An error here would take the node out of service, so that each line may fail.
records="${CARBON_RECORDS:-/shared/carbon}/${SLURM_JOB_ID:?}"
for journal in "$records"/*.jsonl; do
  [ -e "$journal" ] && [ ! -e "${journal%.jsonl}.json" ] || continue
  ${AS_USER:-runuser -u "${SLURM_JOB_USER:?}" --} carbon-lint recover "$journal" || true
done
exit 0
