"""Other clients of SageMaker, driven against the simulator over HTTP and compared with the deployer. `make peers`."""
