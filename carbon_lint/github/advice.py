"""What to write instead, as YAML that can be pasted into the workflow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import yaml

from carbon_lint.github.inputs import FIELDS, ActionInputs
from carbon_lint.measurement.gpu.host import host_amd_gpus, host_gpus
from carbon_lint.project import MAJOR_TAG, REPOSITORY

ROOT = Path("/")
_NVIDIA_CONTAINER = {"image": "pytorch/pytorch:latest", "options": "--gpus all"}
_AMD_CONTAINER = {
    "image": "rocm/pytorch:latest",
    "options": "--device=/dev/kfd --device=/dev/dri --group-add video --group-add render",
}


def hidden_gpus(root: Path = ROOT) -> tuple[str, ...]:
    """Return PCI addresses of the host's GPUs of each vendor of which this container has none; else empty."""
    nvidia = () if any((root / "dev").glob("nvidia[0-9]*")) else host_gpus(root)
    return nvidia + (() if (root / "dev/kfd").exists() else host_amd_gpus(root))


_ACTIVATES = re.compile(r"(?:^|[;&])\s*(?:source|\.)\s+[\"']?([^\s\"';&]+)/bin/activate\b", re.MULTILINE)
_CONDA = re.compile(r"(?:^|[;&])\s*(?:conda|mamba|micromamba)\s+activate\b", re.MULTILINE)
_INSTALLERS = {"uv": "pip install uv", "uvx": "pip install uv", "poetry": "pip install poetry"}
_KNOWN = (
    "python",
    "python3",
    "pip",
    *_INSTALLERS,
    "accelerate",
    "torchrun",
    "deepspeed",
    "make",
    "git",
    "bash",
)


def lost_venv(setup: str, command: str, path: str) -> str | None:
    """Return what to add to `setup` if it activates an environment that ends with it, else `None`.

    `path` is the PATH that `setup` left for `command` by GITHUB_PATH, "" if it left none.
    """
    if "activate" in command:
        return None
    if (venv := _ACTIVATES.search(setup)) is not None:
        folder = venv[1]
        kept = f"{folder}/bin" if folder.startswith(("/", "$", "~")) else f"$PWD/{folder.removeprefix('./')}/bin"
        is_kept = f"{folder.rpartition('/')[2]}/bin" in f"{path} {command}"
    elif _CONDA.search(setup) is not None:
        folder, kept, is_kept = "a conda environment", "$CONDA_PREFIX/bin", bool(path)
    else:
        return None
    if is_kept:
        return None
    return (
        f"`setup` activates {folder}, and that ends with `setup`: `command` runs without it\n"
        f'add to the end of `setup`: echo "{kept}" >> "$GITHUB_PATH"'
    )


def not_found(name: str | None) -> str:
    """Return what to do about exit status 127."""
    if name is None:
        return (
            "127 says that a command was not found: install it in `setup`, say `setup: pip install -r requirements.txt`"
        )
    near = get_close_matches(name, _KNOWN, n=1, cutoff=0.8)
    meant = f"did you mean `{near[0]}`? Else " if near and near[0] != name else ""
    return f"`{name}` was not found; {meant}install it in `setup: {_INSTALLERS.get(name, 'pip install …')}`"


def in_job_yaml(inputs: ActionInputs, environ: Mapping[str, str], root: Path = ROOT) -> str:
    """Return the same step as a composite action, in a job container that is given the GPUs. Tokens are left out."""
    is_amd = bool(host_amd_gpus(root)) and not host_gpus(root)
    repository = environ.get("GITHUB_ACTION_REPOSITORY") or REPOSITORY
    names = ("command", "setup", "location", "electricity-maps", "card")
    given = {name: getattr(inputs, FIELDS[name].name) for name in names}
    job = {
        "runs-on": "[self-hosted, gpu]",
        "container": _AMD_CONTAINER if is_amd else _NVIDIA_CONTAINER,
        "steps": [
            {"uses": "actions/checkout@v7"},
            {
                "uses": f"{repository}/in-job@{environ.get('GITHUB_ACTION_REF') or MAJOR_TAG}",
                "with": {name: value for name, value in given.items() if value},
            },
        ],
    }
    text = yaml.safe_dump({"jobs": {environ.get("GITHUB_JOB") or "train": job}}, sort_keys=False, width=1000)
    # A label list reads best without the quotes that YAML needs for text.
    return text.replace("'[self-hosted, gpu]'", "[self-hosted, gpu]")
