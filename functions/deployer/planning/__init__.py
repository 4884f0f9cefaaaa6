"""How a trigger becomes a plan: triggers, revisions, names, checks of the live endpoint, and decisions.

It may import `deployer.request`.
"""
