"""How endpoints differ from what was deployed. It may import `deployer.aws` and `deployer.planning`."""
