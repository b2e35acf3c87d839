"""The image's and the in-job action's way in: hands the environment over, and nothing else."""

import os
import sys

from carbon_lint.github.entry import main

if __name__ == "__main__":
    sys.exit(main(os.environ))
