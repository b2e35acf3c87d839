"""Install a lock of hashes into the venv that runs this: `python -I install.py requirements.txt`.

The job's pip settings are for the job's packages: a constraint, a target or a dry run would break this install, or let
it pass with nothing installed. Only what says where packages come from and how they are reached is kept.
"""

import ast
import os
import subprocess
import sys

KEPT = (
    "index-url", "extra-index-url", "find-links", "trusted-host", "cert", "client-cert", "proxy", "keyring-provider",
    "timeout", "default-timeout", "retries", "cache-dir", "no-cache-dir",
)  # fmt: skip
SECTIONS = ("global", "install", ":env:")  # a later one wins, as pip has it
PIP = (sys.executable, "-I", "-m", "pip", "--disable-pip-version-check")


def kept_settings(listing: str) -> dict[str, str]:
    """Return the variables for what `pip config list` shows of KEPT."""
    found: dict[str, str] = {}
    for section in SECTIONS:
        for line in listing.splitlines():
            key, equals, value = line.partition("=")
            name = key.removeprefix(f"{section}.")
            if equals and name != key and name in KEPT:
                found[f"PIP_{name.upper().replace('-', '_')}"] = str(ast.literal_eval(value))
    return found


def main(requirements: str) -> int:
    """Install, and return pip's exit status."""
    listing = subprocess.run([*PIP, "config", "list"], stdout=subprocess.PIPE, text=True, check=False).stdout
    environ = {name: value for name, value in os.environ.items() if not name.upper().startswith("PIP_")}
    environ |= kept_settings(listing) | {"PIP_CONFIG_FILE": os.devnull}
    how = ("--quiet", "--no-compile", "--require-hashes", "--only-binary", ":all:")  # most modules are never imported
    command = (*PIP, "install", *how, "--requirement", requirements)
    return subprocess.run(command, env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
