"""The fault campaign: random stories of requests, events, faults and manual changes, held against the promises.

One seed is one story. It runs on the shipped definition and the real handlers, in virtual time, and what happened is
recorded and then judged. `python -m local.simulation --help` says how to start it.
"""
