"""Tries the deployer in the account of the caller's profile, and sets what is assumed of AWS beside what is seen there.

`make trial` runs it; `tests/local` runs the same code against local AWS. It imports nothing of local AWS.
"""
