"""Show what can be measured on this machine, and how, before any energy is spent.

  carbon-lint doctor --location FRA

It ends as `carbon-lint run` with the same flags would begin.

Exit status: 0 if a run here would be measured, 125 if it would not, 2 if its
limits, its baseline or the ledger cannot be used.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from functools import partial

from carbon_lint.cli.flags import add_format_argument, add_keys, options_from
from carbon_lint.config import PLACE_KEYS, load
from carbon_lint.errors import ExitCode
from carbon_lint.measurement.system import need_linux
from carbon_lint.pipeline.options import Surroundings
from carbon_lint.pipeline.place import choose, find, needs_place
from carbon_lint.pipeline.plan import limit_in_grams, plan_run
from carbon_lint.pipeline.windows import check_ledger
from carbon_lint.records.comparable import identity_before
from carbon_lint.records.provenance import provenance_of
from carbon_lint.report.doctor import as_json, as_text


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint doctor`."""
    add_keys(parser, *PLACE_KEYS, "allow-unusual-intensity", "cpu-power", "ram-power")
    add_format_argument(parser)


def run(arguments: Namespace) -> int:
    """Diagnose, print, and say by the exit status whether a run would be measured."""
    need_linux()
    from carbon_lint.measurement.doctor import diagnose

    settings, options = load(os.getcwd()), options_from(arguments)
    run_here = identity_before(provenance_of(os.environ, os.getcwd()), settings.run_group)
    # The place is a finding of its own, and no error.
    plan = plan_run(options, settings, Surroundings(run=run_here, environ=os.environ, is_measuring=False))
    check_ledger(plan.limits, run_here, plan.ledger)
    chosen = choose(options, settings)
    diagnosis = diagnose(
        os.environ,
        find_place=partial(find, chosen, options, settings),
        named=chosen.text,
        cpu_power_w=plan.cpu_power_w,
        ram_power_w=plan.ram_power_w,
        stated_by=plan.sources,
        require=plan.require,
        pue=plan.pue,
        needs_grams=needs_place(options, plan.limits.budget) or limit_in_grams(plan.limits, run_here) is not None,
    )
    place = None if chosen.key is None else f"--{chosen.key} {diagnosis.location or chosen.text}"
    flags = [f"--{name} '{options.typed[name]}'" for name in ("cpu-power", "ram-power") if name in options.typed]
    sys.stdout.write(as_json(diagnosis) if arguments.format == "json" else as_text(diagnosis, place, flags))
    return ExitCode.CLEAN if diagnosis.is_sound else ExitCode.NOT_MEASURED
