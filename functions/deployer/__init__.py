"""What the functions share: requests, plans, clean-up, drift, the adapters of AWS services, and the errors.

It repeats nothing but calls that are throttled: the retries, of a stale read for one, are in `statemachine/`.
"""
