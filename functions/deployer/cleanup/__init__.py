"""Restores endpoints, and sweeps unused resources. It may import `deployer.aws` and `deployer.planning`."""
