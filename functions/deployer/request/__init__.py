"""The request of a user, checked as a whole: its fields, the rules between fields, and the stack's limits.

It imports nothing of `deployer.planning` or `deployer.aws`.
"""
