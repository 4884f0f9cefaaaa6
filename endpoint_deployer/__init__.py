"""The command line `endpoint-deployer`: plan, deploy, watch and explain with the caller's own credentials.

It is installed from the repository and needs boto3, rich, typer and pyyaml. It imports nothing of `functions/` and
nothing of `local/`; what it knows of the stack are the outputs, the data of executions, the tags and the stored
requests. `local/` prints progress with it.
"""
