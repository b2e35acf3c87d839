"""Add the flags of `carbon-lint run`, and the plan and the request that they and the configuration ask for."""

from __future__ import annotations

import os
import sys
from argparse import REMAINDER, ArgumentParser, Namespace

from carbon_lint.cli.flags import add_baseline_arguments, add_keys, add_place_arguments, options_from
from carbon_lint.config import Settings
from carbon_lint.config_keys import ON_EXCEED
from carbon_lint.errors import UsageError
from carbon_lint.measurement.job.environment import own_venv
from carbon_lint.measurement.request import RunRequest
from carbon_lint.pipeline.limits import budget_of, check_together
from carbon_lint.pipeline.options import Surroundings, record_path_of
from carbon_lint.pipeline.plan import RunPlan, plan_run, request_of
from carbon_lint.records.comparable import identity_before
from carbon_lint.records.record import Provenance
from carbon_lint.records.schedulers import group_of_job


def add_arguments(parser: ArgumentParser) -> None:
    """Add the flags of `carbon-lint run`."""
    where = parser.add_argument_group("location (needed for grams)")
    add_place_arguments(where, is_run=True)
    where.add_argument("--energy-only", action="store_true", help="measure energy only, no emissions")
    add_keys(where, "pue", "cpu-power", "ram-power", "require")
    _add_budget_arguments(parser)
    add_baseline_arguments(parser)
    out = parser.add_argument_group("files to write")
    out.add_argument(
        "--record",
        metavar="FILE",
        help="write the record of the run here, as JSON, with its journal beside it; or a folder/",
    )
    out.add_argument("--card", metavar="FILE", help="write the figures into this model card, also if the job fails")
    add_keys(out, "card-body", "training-type", "run-group")
    out.add_argument(
        "--pushes-to",
        metavar="MODEL",
        help="the model that the job itself pushes to, owner/model; if the run does not complete, the record lists "
        "the commits pushed during it",
    )
    _add_job_arguments(parser)


def _add_job_arguments(parser: ArgumentParser) -> None:
    job = parser.add_argument_group("the job")
    add_keys(job, "pass-env")
    job.add_argument(
        "--remote-ok",
        action="store_true",
        help="run a command that works elsewhere (ssh, kubectl, srun, a remote Docker), and measure only its client",
    )
    job.add_argument(
        "--leave-containers",
        action="store_true",
        help="do not count or stop the containers that the job's scripts start",
    )
    job.add_argument("--tick", metavar="DURATION", default="1s", help="time between two readings (default 1s)")
    parser.usage = "%(prog)s -- COMMAND ..."
    job.add_argument("command", nargs=REMAINDER, metavar="-- COMMAND ...", help="the program and its arguments")


def _add_budget_arguments(parser: ArgumentParser) -> None:
    limits = parser.add_argument_group("the budget")
    add_keys(limits, "max-emissions", "max-energy", "on-exceed", "stop-when", "grace")
    limits.add_argument(
        "--budget-folder",
        metavar="DIR",
        help="a folder that all nodes of the job see: each node writes its figures there, and all stop when the sum "
        "goes over the limit",
    )
    limits.add_argument(
        "--on-unmeasured", choices=ON_EXCEED, help="when readings fail: stop the job (default), or let it finish"
    )
    limits.add_argument(
        "--forecast",
        action="store_true",
        help="warn as soon as the job is heading over its limit, by the progress that it prints (tqdm, Trainer, "
        "Keras, 'Epoch 3/10', 'step 420/1000') or writes (0.4, 40%% or 12/30) into the file $CARBON_LINT_PROGRESS",
    )
    limits.add_argument("--expected-duration", metavar="DURATION", help="for --forecast, if the job shows no progress")


def plan_from(arguments: Namespace, settings: Settings, provenance: Provenance) -> RunPlan:
    """Return the plan that the flags and the configuration ask for. Raises CarbonLintError."""
    if arguments.run_group is not None and arguments.record is None:
        raise UsageError(
            "--run-group needs --record: the group's total is computed from saved records",
            hint="add --record records/, the same folder for every attempt",
        )
    options = options_from(arguments)
    check_together(options, budget_of(options, settings))
    record_path = record_path_of(arguments.record, "--record")
    return plan_run(
        options,
        settings,
        Surroundings(
            run=identity_before(provenance, arguments.run_group or settings.run_group),
            environ=os.environ,
            record_path=record_path,
            card=arguments.card,
            default_group=group_of_job(provenance, os.environ, record=record_path, card=arguments.card),
        ),
    )


def request_from(arguments: Namespace, plan: RunPlan, provenance: Provenance) -> RunRequest:
    """Return the request of the job. Raises UsageError if there is no command."""
    from carbon_lint.measurement.job.job import inherited_descriptors
    from carbon_lint.measurement.job.ranks import stray_rank, whole_node

    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise UsageError("no command to run", hint="carbon-lint run --location FRA -- python train.py")
    return request_of(
        plan,
        command=tuple(command),
        environ=dict(os.environ),
        own_prefix=own_venv(sys.prefix, sys.base_prefix, os.environ, os.getcwd()).prefix,
        pass_env=plan.pass_env,
        pass_fds=inherited_descriptors(),
        forecast=arguments.forecast,
        provenance=provenance,
        warnings=(*whole_node(os.environ)[1], *filter(None, [stray_rank(os.environ)])),
    )
