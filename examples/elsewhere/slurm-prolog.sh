#!/usr/bin/env bash
# slurm.conf: Prolog=/etc/slurm/slurm-prolog.sh. It runs as root on each node, before the first task of a job.
# It lets the job read the CPU's energy counters, and makes a folder for its records that all nodes see.
# An error here would take the node out of service, so that each line may fail.
records="${CARBON_RECORDS:-/shared/carbon}/${SLURM_JOB_ID:?}"
# Since 2020 only root may read them (CVE-2020-8694): decide whether users of this cluster may watch one another's load.
chmod a+r "${POWERCAP:-/sys/class/powercap}"/intel-rapl:*/energy_uj 2>/dev/null || true
mkdir -p "$records" && chown "${SLURM_JOB_USER:?}" "$records" && chmod 750 "$records" || true
exit 0
