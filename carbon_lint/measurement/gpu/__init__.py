"""Read the job's GPUs: `counting` counts those of any vendor, which `nvidia` and `amd` open for it.

`visible` says which GPUs a job can see, `host` whether the machine has any and why they cannot be read, `sharing` who
else is on them.
"""
