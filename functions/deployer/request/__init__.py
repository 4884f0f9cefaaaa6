"""What a user writes, checked whole: the request, the rules between its fields, and what the stack allows.

It imports nothing of `deployer.planning` or `deployer.aws`.
"""
