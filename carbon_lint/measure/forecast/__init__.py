"""Where a run is heading: what the job prints is heard (`listening`), read (`printed_*`) and weighed (`forecaster`).

`outlook` puts all of it around a job, where a forecast is asked for.
"""
