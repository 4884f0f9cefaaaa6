"""Measures cold starts, and what a deployment takes: calls, transitions, time and money. `make bench`."""
