"""The job's own GITHUB_OUTPUT, ENV, PATH, STATE and STEP_SUMMARY.

A step has one file of each kind, and the job could write our outputs into it, or break it and so fail the step. It is
given private files; what it wrote there for other steps is copied afterwards, without what is ours and without what
would steer a later step: that one may hold the token that publishes.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from carbon_lint.github.commands import append, file_command, read_entries, readable, rewrite
from carbon_lint.github.context import StepContext
from carbon_lint.github.interface import OUTPUTS
from carbon_lint.text import quoted

VARIABLES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
_STEERING = re.compile(
    # What the runner sets itself; it fails the step over NODE_OPTIONS.
    r"(?:GITHUB|RUNNER|ACTIONS|INPUT|DOCKER|BUILDKIT|CARBON_LINT)_|CI$"
    # Makes the loader, a shell or an interpreter run other code.
    r"|(?:LD|DYLD)_|GCONV_PATH$|GLIBC_TUNABLES$|BASH|ENV$|SHELLOPTS$|PS4$|IFS$|PROMPT_COMMAND$|ZDOTDIR$|PATH$"
    r"|PYTHON|PERL5|PERLLIB$|RUBY(?:OPT|LIB)$|NODE_(?:OPTIONS|PATH|EXTRA_CA_CERTS)$|(?:JAVA_TOOL|_JAVA|JDK_JAVA)_OPTIONS$"
    # git: another repository, configuration or program. A job may set who commits and what git asks.
    r"|GIT_(?!(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE)$|LFS_SKIP_SMUDGE$|TERMINAL_PROMPT$)|SSH_ASKPASS$"
    # Another Hub, another token, another way there.
    r"|HF_(?:ENDPOINT|TOKEN|OIDC|HUB_OFFLINE|INFERENCE_ENDPOINT)|HUGGING_?FACE_|ELECTRICITYMAPS_"
    r"|(?:HTTPS?|ALL|NO|FTP)_PROXY$|SSL_CERT_|SSLKEYLOGFILE$|OPENSSL_|(?:REQUESTS|CURL)_CA_BUNDLE$",
    re.IGNORECASE,
)
"""Variables that the job may set for its own `command`, and for no step after this one."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class JobFiles:
    """A folder with one private file for each of `VARIABLES`."""

    folder: Path

    def environ(self) -> dict[str, str]:
        """Return the variables as the job gets them."""
        return {name: str(self.folder / name.lower()) for name in VARIABLES}

    def changes(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return what `setup` left in its ENV and PATH files, as the environment of the command that comes after it."""
        written = read_entries(self._text("GITHUB_ENV"))
        changed = {key: value for key, value in written if _NAME.fullmatch(key) and "\0" not in value}
        paths = [line for line in self._text("GITHUB_PATH").splitlines() if line.strip()]
        if paths:
            changed["PATH"] = ":".join([*reversed(paths), changed.get("PATH") or environ.get("PATH", "")])
        return changed

    def copy_to(self, context: StepContext) -> tuple[str, ...]:
        """Hand on what the job wrote for other steps. Returns what was not, and why. Raises OutputError."""
        refused: list[str] = []
        for name, target, is_refused in (
            ("GITHUB_OUTPUT", context.output_file, lambda key: key.lower() in OUTPUTS),
            ("GITHUB_ENV", context.env_file, _STEERING.match),
        ):
            # A job that found the step's own file is held to the same: as root in the container it can write there.
            texts = ("" if target is None else readable(target), self._text(name))
            entries = [entry for text in texts for entry in read_entries(text)]
            for key, _ in entries:
                if not _NAME.fullmatch(key):
                    refused.append(f"{name}: {quoted(key)} is not a name that a later step can read")
                elif is_refused(key):
                    refused.append(f"{name}: {key} is not the job's to set")
            if "".join(texts).strip() and not entries:
                refused.append(f"{name}: no entry of it can be read")
            kept = [(key, value) for key, value in entries if _NAME.fullmatch(key) and not is_refused(key)]
            if target is not None and any(texts):
                rewrite(target, "".join(file_command(key, value) for key, value in kept))
        paths = self._text("GITHUB_PATH")
        if paths and context.path_file is not None:
            append(context.path_file, paths if paths.endswith("\n") else f"{paths}\n")
        return tuple(refused)

    def summary(self) -> str:
        """Return what the job wrote for the step's summary. Ours comes first, so it is written when ours is."""
        return self._text("GITHUB_STEP_SUMMARY")

    def _text(self, name: str) -> str:
        # The job may have put anything in the file's place, a FIFO or a link to our own files too.
        return readable(self.folder / name.lower())


@contextmanager
def private_files(parent: Path | None) -> Iterator[JobFiles]:
    """Yield private files for as long as the block lasts."""
    # A runner before 2.329 names a folder of the host that the container does not have.
    usable = parent if parent is not None and parent.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="carbon-lint-job-", dir=usable))
    try:
        files = JobFiles(folder)
        for path in files.environ().values():
            Path(path).touch()
        yield files
    finally:
        shutil.rmtree(folder, ignore_errors=True)
