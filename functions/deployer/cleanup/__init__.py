"""What is restored after a failure, and what is swept. It may import `deployer.aws` and `deployer.planning`."""
