"""The commands that act on an endpoint or on the stack beside deployments: abort, adopt, sweep."""

COMMANDS: tuple[()] = ()
