"""Real clients of SageMaker use the simulator as they would use the service. `make clients`.

They are those of `local.peers`, which compares them with the deployer; here they show whether the simulator answers as
they expect.
"""
