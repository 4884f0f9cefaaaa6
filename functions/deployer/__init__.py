"""The code that the functions share: requests, plans, clean-up, drift, the adapters of AWS services, and the errors.

It repeats throttled calls only. All other retries, such as that of a stale read, are in `statemachine/`.
"""
