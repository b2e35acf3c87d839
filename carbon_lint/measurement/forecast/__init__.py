"""Forecast where a run is heading.

`listening` takes in what the job prints, `printed_lines` and `printed_progress` read it, `trainer_state` reads a
Trainer's file, `forecaster` weighs them, `announcer` says what comes of it, and `outlook` puts it all around a job.
"""
