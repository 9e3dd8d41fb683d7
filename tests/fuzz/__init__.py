"""Fuzzing: `make fuzz` gives each target in `targets.py` its share of the time."""
