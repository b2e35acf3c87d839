"""What to write instead, as YAML that can be pasted into the workflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from carbon_lint.measure.gpu.host_amd import host_amd_gpus
from carbon_lint.measure.gpu.host_nvidia import host_gpus
from carbon_lint.project import MAJOR_TAG, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carbon_lint.github.inputs import ActionInputs

ROOT = Path("/")
_NVIDIA_CONTAINER = {"image": "pytorch/pytorch:latest", "options": "--gpus all"}
_AMD_CONTAINER = {
    "image": "rocm/pytorch:latest",
    "options": "--device=/dev/kfd --device=/dev/dri --group-add video --group-add render",
}


def hidden_gpus(root: Path = ROOT) -> tuple[str, ...]:
    """PCI addresses of the host's GPUs, of each vendor's that this container was given none of; else empty."""
    nvidia = () if any((root / "dev").glob("nvidia[0-9]*")) else host_gpus(root)
    return nvidia + (() if (root / "dev/kfd").exists() else host_amd_gpus(root))


def in_job_yaml(inputs: ActionInputs, environ: Mapping[str, str], root: Path = ROOT) -> str:
    """The same step as a composite action, in a job container that is given the GPUs. Tokens are left out."""
    is_amd = bool(host_amd_gpus(root)) and not host_gpus(root)
    repository = environ.get("GITHUB_ACTION_REPOSITORY") or REPOSITORY
    given = {
        "command": inputs.command,
        "setup": inputs.setup,
        "location": inputs.location,
        "electricity-maps": inputs.electricity_maps,
        "card": inputs.card,
    }
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
    # A label list reads best without the quotes that YAML would need if it were text.
    return text.replace("'[self-hosted, gpu]'", "[self-hosted, gpu]")
