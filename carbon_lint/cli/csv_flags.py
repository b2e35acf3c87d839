"""`--run-id`, `--sum`, `--location` and other flags: what `card --from` and `check --emissions-csv` take of a table."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from carbon_lint.places import Place
    from carbon_lint.records.emissions_csv.choice import Choice

DEFAULTS = {
    "run_id": None,
    "project": None,
    "sum": False,
    "last": False,
    "location": None,
    "carbon_intensity": None,
    "allow_unusual_intensity": False,
    "trust_location": False,
    "gpu_unused": False,
}
_PRICE = ("location", "carbon_intensity", "allow_unusual_intensity")


def add_arguments(parser: ArgumentParser, *, price_title: str) -> None:
    """Add the flags, in two groups: what prices the energy, and which runs of the table are meant."""
    from carbon_lint.cli.flags import add_keys

    price = parser.add_argument_group(price_title)
    price.add_argument(
        "--location", metavar="PLACE", help="the place of the machine: FRA, USA/virginia, gcp/us-central1"
    )
    price.add_argument("--carbon-intensity", metavar="G", help="the grid's g CO2eq per kWh, instead of a place")
    add_keys(price, "allow-unusual-intensity")
    table = parser.add_argument_group("which runs of an emissions.csv")
    table.add_argument("--run-id", metavar="ID", help="take this run")
    table.add_argument("--last", action="store_true", help="take the run that ended last")
    table.add_argument("--sum", action="store_true", help="add all runs up")
    table.add_argument("--project", metavar="NAME", help="only runs of this project")
    table.add_argument(
        "--trust-location",
        action="store_true",
        help="keep the file's grams even if its place is Quebec or the world's average (CodeCarbon's silent defaults) "
        "or CodeCarbon 1.x wrote it",
    )
    table.add_argument("--gpu-unused", action="store_true", help="accept that the GPU in the file used no energy")


def given(arguments: Namespace, *, with_price: bool = True) -> list[str]:
    """Return the flags that were given, as the user types them."""
    return [
        f"--{name.replace('_', '-')}"
        for name, default in DEFAULTS.items()
        if getattr(arguments, name) != default and (with_price or name not in _PRICE)
    ]


def choice_of(arguments: Namespace) -> Choice:
    """Return what the flags ask for. Raises UsageError, PlaceError."""
    from carbon_lint.records.emissions_csv.choice import Choice

    return Choice(
        run_id=arguments.run_id,
        project=arguments.project,
        sum_runs=arguments.sum,
        last=arguments.last,
        place=place_of(arguments),
        trust_location=arguments.trust_location,
        gpu_unused=arguments.gpu_unused,
    )


def place_of(arguments: Namespace) -> Place | None:
    """Return where the energy came from, if the flags name it. Raises UsageError, PlaceError."""
    from carbon_lint.config import Settings
    from carbon_lint.errors import UsageError
    from carbon_lint.measurement.grid.location import is_auto
    from carbon_lint.pipeline.options import read_options
    from carbon_lint.pipeline.place import place_of_now

    if arguments.trust_location and (arguments.location or arguments.carbon_intensity):
        raise UsageError("--trust-location keeps the file's place, --location replaces it", hint="give one of the two")
    if arguments.location is not None and is_auto(arguments.location):
        raise UsageError(
            "--location auto asks the machine that it runs on, and the training may have run on another",
            hint="name it (--location FRA), or measure by `carbon-lint run --location auto`, whose record names it",
        )
    options = read_options({name: getattr(arguments, name) for name in _PRICE})
    return place_of_now(options, Settings())
