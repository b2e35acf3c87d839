"""Say what a job would emit, before it runs: a range, and what it rests on.

carbon-lint estimate --gpu A100 --count 8 --hours 12 --location FRA
carbon-lint estimate --from-record short.json --scale 40
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from carbon_lint.cli.flags import add_place_arguments
from carbon_lint.cli.options import options_from
from carbon_lint.errors import UsageError
from carbon_lint.text import quoted, terminal
from carbon_lint.units import format_emissions, format_energy, parse_power_w

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable

    from carbon_lint.estimate import Device, Estimate, Range

FORMAT = "carbon-lint/estimate@1"


def add_arguments(parser: ArgumentParser) -> None:
    """The flags of `carbon-lint estimate`."""
    what = parser.add_argument_group("the job (one of --gpu, --power, --from-record)")
    what.add_argument("--gpu", metavar="NAME", help="A100, H100, T4, RTX 3090, ...")
    what.add_argument("--power", metavar="QUANTITY", help="rating of a device that is not in the table, e.g. '300 W'")
    what.add_argument("--count", metavar="N", help="how many of them (default 1)")
    what.add_argument("--hours", metavar="N", help="how long")
    what.add_argument("--host-power", metavar="QUANTITY", help="the machine around them, e.g. '400 W'")
    what.add_argument("--from-record", metavar="FILE", help="a measured run to scale up")
    what.add_argument("--scale", metavar="N", help="how much more than that run (default 1)")
    where = parser.add_argument_group("where the energy comes from (without it: energy only)")
    add_place_arguments(where)
    where.add_argument("--pue", metavar="N", help="power usage effectiveness of the building, 1 or more")
    parser.add_argument("--json", action="store_true", help="the estimate as JSON")


def run(arguments: Namespace) -> int:
    """Estimate and print."""
    estimate = _estimate(arguments)
    sys.stdout.write(_as_json(estimate) if arguments.json else _as_text(estimate))
    return 0


def _estimate(arguments: Namespace) -> Estimate:
    from carbon_lint.config import Settings, load
    from carbon_lint.estimate import estimate_devices, estimate_record
    from carbon_lint.pipeline.place import place_of_now

    given = [name for name in ("gpu", "power", "from_record") if getattr(arguments, name) is not None]
    if len(given) != 1:
        raise UsageError("give one of --gpu, --power, --from-record", hint="carbon-lint estimate --gpu A100 --hours 12")
    _refuse_others(arguments, is_record=given == ["from_record"])
    options = options_from(arguments)
    # A record says where it was measured: only a flag takes it to another place.
    settings = Settings() if arguments.from_record is not None else load()
    place = place_of_now(options, settings)
    if arguments.from_record is not None:
        from carbon_lint.records.store import load_record

        scale = _number(arguments, "scale")
        return estimate_record(
            load_record(arguments.from_record, allow_unusual=arguments.allow_unusual_intensity),
            scale=1.0 if scale is None else scale,
            place=place,
            pue=options.pue,
        )
    hours = _number(arguments, "hours")
    if hours is None:
        raise UsageError("how long does the job run?", hint="--hours 12")
    return estimate_devices(
        _device(arguments),
        count=_count(arguments),
        hours=hours,
        place=place,
        pue=settings.pue if options.pue is None else options.pue,
        host_power_w=None if arguments.host_power is None else parse_power_w(arguments.host_power),
    )


def _refuse_others(arguments: Namespace, *, is_record: bool) -> None:
    """A flag that would be without effect is an error, not a surprise."""
    others = ("count", "hours", "host_power") if is_record else ("scale",)
    for name in others:
        if getattr(arguments, name) is not None:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag} does not go with {'--from-record' if is_record else '--gpu or --power'}")


def _device(arguments: Namespace) -> Device:
    from carbon_lint.estimate import Device, find_gpu

    if arguments.gpu is not None:
        return find_gpu(arguments.gpu)
    return Device(name="device", max_power_w=parse_power_w(arguments.power), source="--power")


def _count(arguments: Namespace) -> int:
    text = arguments.count or "1"
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"--count {quoted(text)} is not a whole number", hint="--count 8")
    return int(text)


def _number(arguments: Namespace, name: str) -> float | None:
    text = getattr(arguments, name)
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--{name} {quoted(text)} is not a number", hint=f"write it like --{name} 1.5") from None


def _as_text(estimate: Estimate) -> str:
    lines = [f"estimate: {terminal(estimate.basis)}"]
    if estimate.emissions_g is not None:
        lines.append(f"  emissions  {_range(estimate.emissions_g, format_emissions, ' CO2eq')}")
    lines.append(f"  energy     {_range(estimate.energy_kwh, format_energy)}")
    lines += [f"  left out   {terminal(text)}" for text in estimate.left_out]
    lines += [f"  source     {terminal(text)}" for text in estimate.sources]
    if estimate.emissions_g is None:
        lines.append("  no location was given, so no grams: --location FRA")
    else:
        lines.append(
            f"  a budget that stops a runaway: --max-emissions '{format_emissions(estimate.emissions_g.high)}'"
        )
    return "\n".join(lines) + "\n"


def _range(values: Range, show: Callable[[float], str], unit: str = "") -> str:
    return f"about {show(values.likely)}{unit} ({show(values.low)} to {show(values.high)})"


def _as_json(estimate: Estimate) -> str:
    whole = {
        "format": FORMAT,
        "basis": estimate.basis,
        "energy_kwh": _numbers(estimate.energy_kwh),
        "emissions_g": None if estimate.emissions_g is None else _numbers(estimate.emissions_g),
        "left_out": list(estimate.left_out),
        "sources": list(estimate.sources),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _numbers(values: Range) -> dict[str, float]:
    return {"low": values.low, "likely": values.likely, "high": values.high}
