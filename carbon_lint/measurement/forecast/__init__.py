"""Forecast where a run is heading.

`listening` takes in what the job prints, `printed_lines` and `printed_progress` read it, `job_files` reads
what it writes to files, `forecaster` weighs them and words the result, and `outlook` applies it all to a job.
"""
