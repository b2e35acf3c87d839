"""The job's GPUs, read by ourselves: `counting` knows no vendor, `nvidia` and `amd` open their cards for it.

`visible_*` says which cards a job can see, `host_*` whether the machine has any and why they cannot be read, `sharing`
who else is on them.
"""
