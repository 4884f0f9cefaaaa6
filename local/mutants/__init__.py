"""The deployer with one mistake at a time, and whether its tests notice. `make mutants`.

It works on a copy of the repository: one place of `functions/deployer` is changed, and the tests run that reach the
line. A mutant that they pass has survived; `survivors.yaml` says of those that may why.
"""
