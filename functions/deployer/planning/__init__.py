"""How a trigger becomes a plan: triggers, revisions, names and decisions. It may import `deployer.request.model`."""
