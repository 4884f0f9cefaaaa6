"""The load test: many uploads for many endpoints at once, with checks, calls, times and price."""
