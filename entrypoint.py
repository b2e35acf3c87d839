"""Start the step: hand the environment over, and nothing else. `--in-job` says that in-job/run.sh started it."""

import os
import sys

# `python -I` leaves this folder out; in the action's checkout the package lies in it. Last, so that it hides nothing.
sys.path.append(os.path.dirname(os.path.abspath(__file__)))

from carbon_lint.github.entry import main, trusted_environ

if __name__ == "__main__":
    sys.exit(main(trusted_environ(os.environ, in_job="--in-job" in sys.argv[1:])))
