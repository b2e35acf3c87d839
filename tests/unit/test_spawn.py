"""A forked process of `tests.spawn` ends as one does that Python started."""

from __future__ import annotations

import subprocess
import sys

from tests import spawn

ENDS = (
    "pass",
    "raise SystemExit(3)",
    "raise SystemExit(True)",
    "raise SystemExit('a text')",
    "raise SystemExit(259)",
    "1 / 0",
    "raise KeyboardInterrupt",
    "import os; os._exit(4)",
    "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "import atexit; atexit.register(print, 'at exit'); print('before')",
    "import threading, time; threading.Thread(target=lambda: (time.sleep(0.05), print('a thread'))).start()",
    "import os; print('lost'); os.close(1)",
    "import sys; sys.stdout.close()",
)


def test_a_fork_ends_with_the_status_and_the_output_of_a_process_of_its_own():
    for source in ENDS:
        command = [sys.executable, "-c", source]
        fork = spawn.run(command, capture_output=True, text=True)
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (fork.returncode, fork.stdout) == (process.returncode, process.stdout), source
        assert fork.stderr.splitlines()[-1:] == process.stderr.splitlines()[-1:], source
