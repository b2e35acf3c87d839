"""Hold the callback by which a Trainer states its progress, so that `run --forecast` need not read what it prints."""

CALLBACK = '''\
class TellProgress(TrainerCallback):
    """Tell carbon-lint how far the training is."""

    def on_step_begin(self, args, state, control, **kwargs):
        path = os.environ.get("CARBON_LINT_PROGRESS")
        if path and state.is_world_process_zero:
            with open(path, "w") as file:
                file.write(f"{state.global_step}/{state.max_steps}\\n")
'''
"""docs/running.md holds the same lines, and a test runs them."""


def advice(script: str) -> str:
    """Return what to add to a script that uses the Trainer, with the code to paste."""
    lines = "".join(f"    {line}".rstrip() + "\n" for line in CALLBACK.splitlines())
    return (
        f"{script} uses a Trainer. Add this callback (callbacks=[TellProgress()]) so that a forecast of the run needs "
        f"no guess:\n\n    import os\n    from transformers import TrainerCallback\n\n{lines}"
    )
