r"""Estimate the energy and the emissions of a job before it runs.

  carbon-lint estimate --gpu A100 --count 8 --hours 12h --location FRA
  carbon-lint estimate --runner ubuntu-latest --hours 1h --load 50%
  carbon-lint estimate --cpu 'EPYC 7763' --sockets 2 --memory '256 GiB' \
    --hours 12h
  carbon-lint estimate --from-record short.json --scale 40

The result is a range, with what it is computed from.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from carbon_lint.cli.flags import add_format_argument, add_keys, add_place_arguments, options_from, read_flag, whole
from carbon_lint.config import Settings, load
from carbon_lint.errors import UsageError
from carbon_lint.estimate.job import Device, Estimate, estimate_job, estimate_record, find_gpu
from carbon_lint.estimate.machine import Host, Runner, find_host, find_runner
from carbon_lint.pipeline.options import fraction, number
from carbon_lint.pipeline.place import place_of_now
from carbon_lint.records.store import load_record
from carbon_lint.report.estimate import estimate_json, estimate_text
from carbon_lint.units import parse_duration_s, parse_memory_gib, parse_power_w

_SUBJECTS = ("gpu", "power", "cpu", "runner", "from_record")
_ONLY_OF_A_JOB = ("count", "hours", "host_power", "sockets", "threads", "memory", "load")
_ONLY_OF_A_CPU = ("sockets", "threads", "memory")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint estimate`."""
    what = parser.add_argument_group("the job (--gpu, --power, --cpu, --runner or --from-record)")
    what.add_argument("--gpu", metavar="NAME", help="A100, H100, T4, RTX 3090, ...")
    what.add_argument("--power", metavar="QUANTITY", help="rating of a device not in the table, such as '300 W'")
    what.add_argument("--count", metavar="N", help="how many GPUs or devices (default 1)")
    what.add_argument("--runner", metavar="LABEL", help="a hosted runner: ubuntu-latest, hf-jobs-a10g-small, ...")
    what.add_argument("--cpu", metavar="NAME", help="the processor, such as 'AMD EPYC 7763'")
    what.add_argument("--sockets", metavar="N", help="how many processors the machine has (default 1)")
    what.add_argument("--threads", metavar="N", help="how many threads the job may use, if not all, as in a VM")
    what.add_argument("--memory", metavar="QUANTITY", help="memory that the job may use, such as '16 GiB'")
    what.add_argument("--load", metavar="PERCENT", help="mean load of the CPU, such as 50%% (default: idle to full)")
    what.add_argument("--hours", metavar="DURATION", help="how long the job takes, such as 12h")
    what.add_argument("--host-power", metavar="QUANTITY", help="the machine around the GPUs, such as '400 W'")
    what.add_argument("--from-record", metavar="FILE", help="a measured run to scale up")
    what.add_argument("--scale", metavar="N", help="how many times that run (default 1)")
    where = parser.add_argument_group("the place (default: as configured; without a place, energy only)")
    add_place_arguments(where)
    add_keys(where, "pue")
    add_format_argument(parser)


def run(arguments: Namespace) -> int:
    """Estimate and print."""
    estimate = _estimate(arguments)
    sys.stdout.write(estimate_json(estimate) if arguments.format == "json" else estimate_text(estimate))
    return 0


def _estimate(arguments: Namespace) -> Estimate:
    given = _check_flags(arguments)
    options = options_from(arguments)
    # A record says where it was measured: only a flag takes it to another place.
    settings = Settings() if "from_record" in given else load()
    place = place_of_now(options, settings)
    if "from_record" in given:
        scale = read_flag(arguments, "scale", number)
        return estimate_record(
            load_record(arguments.from_record),
            scale=1.0 if scale is None else scale,
            place=place,
            pue=options.pue,
        )

    seconds = read_flag(arguments, "hours", parse_duration_s)
    if seconds is None:
        raise UsageError("how long does the job run?", hint="--hours 12h")
    runner = None if arguments.runner is None else find_runner(arguments.runner)
    device, count = _devices(arguments, runner)
    return estimate_job(
        hours=seconds / 3600,
        place=place,
        device=device,
        count=count,
        host=_host(arguments, runner),
        load=read_flag(arguments, "load", lambda text: fraction(text) if text.endswith("%") else number(text)),
        host_power_w=read_flag(arguments, "host_power", parse_power_w),
        pue=settings.pue if options.pue is None else options.pue,
    )


def _check_flags(arguments: Namespace) -> set[str]:
    """Return which of the subjects are given. A flag that would be without effect is an error, not a surprise."""
    given = {name for name in _SUBJECTS if getattr(arguments, name) is not None}
    if not given:
        raise UsageError(
            "give one of --gpu, --power, --cpu, --runner, --from-record",
            hint="carbon-lint estimate --gpu A100 --hours 12h",
        )
    for one, other in (("gpu", "power"), ("runner", "gpu"), ("runner", "power"), ("runner", "cpu")):
        if {one, other} <= given:
            raise UsageError(f"{_flag(one)} and {_flag(other)} do not go together", hint="leave one of them out")
    if "from_record" in given and len(given) > 1:
        raise UsageError("--from-record names the whole job", hint="leave the other flags out")
    has_host = bool(given & {"cpu", "runner"})
    wrong = dict.fromkeys(_ONLY_OF_A_JOB, "--from-record") if "from_record" in given else {"scale": "--gpu or --cpu"}
    if "from_record" not in given:
        wrong |= {} if "cpu" in given else dict.fromkeys(_ONLY_OF_A_CPU, "a job without --cpu")
        wrong |= {"host_power": "--cpu or --runner, which are the machine"} if has_host else {"load": "GPUs alone"}
        wrong |= {} if given & {"gpu", "power"} else {"count": "a job without --gpu"}
    for name, other in wrong.items():
        if getattr(arguments, name) is not None:
            raise UsageError(f"{_flag(name)} does not go with {other}", hint="leave it out")
    return given


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _devices(arguments: Namespace, runner: Runner | None) -> tuple[Device | None, int]:
    if runner is not None:
        return (None, 1) if runner.gpu is None else (find_gpu(runner.gpu), runner.gpu_count)
    count = read_flag(arguments, "count", whole) or 1
    if arguments.gpu is not None:
        return find_gpu(arguments.gpu), count
    power_w = read_flag(arguments, "power", parse_power_w)
    return None if power_w is None else Device(name="device", max_power_w=power_w, source="--power"), count


def _host(arguments: Namespace, runner: Runner | None) -> Host | None:
    if runner is not None:
        host = find_host(runner.cpu, memory_gib=runner.memory_gib, threads=runner.threads)
        return host.of_runner(runner.name, runner.source)
    if arguments.cpu is None:
        return None
    memory_gib = read_flag(arguments, "memory", parse_memory_gib)
    if memory_gib is None:
        raise UsageError("how much memory does the machine have?", hint="--memory '64 GiB'")
    sockets, threads = (read_flag(arguments, name, whole) for name in ("sockets", "threads"))
    return find_host(arguments.cpu, memory_gib=memory_gib, sockets=sockets, threads=threads)
