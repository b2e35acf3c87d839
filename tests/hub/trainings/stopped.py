"""A job that trains as a Trainer with `enable_jit_checkpoint` does: pushes while it runs, and once more when stopped.

stopped.py MODEL_ID REVISION MORE: pushes "Training in progress" to the revision, makes the file `ready` and works on.
At SIGTERM it pushes "End of training" and exits 0. MORE is `stop` (as said), `nothing` (push nothing at all), `fail`
(exit 1 after the first push), `finish` (push and exit 0 at once) or `linger` (the same half a second later).
"""

import pathlib
import signal
import sys
import time

from huggingface_hub import CommitOperationAdd, HfApi

model_id, revision, more = sys.argv[1:]


def push(title):
    if more != "nothing":
        weights = CommitOperationAdd("model.safetensors", title.encode())
        HfApi().create_commit(model_id, [weights], commit_message=title, revision=revision)


def end(*_):
    push("End of training")
    sys.exit(0)


signal.signal(signal.SIGTERM, end)
push("Training in progress, epoch 1")
pathlib.Path("ready").touch()
if more == "fail":
    sys.exit("out of memory")
if more == "linger":
    time.sleep(0.5)
if more in {"finish", "linger"}:
    end()
for _ in range(600):
    time.sleep(0.1)  # a signal just before a sleep begins is handled only when that sleep ends
