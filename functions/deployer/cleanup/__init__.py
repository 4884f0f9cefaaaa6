"""Restores endpoints, and sweeps resources that are not in use.

It may import `deployer.aws` and `deployer.planning`.
"""
