"""The fault campaign: scenarios of requests, fault windows and operator actions, checked against the invariants.

One seed is one scenario. It runs on the shipped definitions and the real handlers, in virtual time. What happens is
recorded first and checked afterwards. `python -m local.simulation --help` says how to start it.
"""
