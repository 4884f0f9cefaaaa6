"""A small real model, as a user of the deployer would upload it."""
