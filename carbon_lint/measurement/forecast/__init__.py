"""Forecast where a run is heading.

`listening` takes in what the job prints, `printed_lines` and `printed_progress` read it, `trainer_state` reads a
Trainer's file, `forecaster` weighs them, `announcer` prints the result, and `outlook` applies it all to a job.
"""
