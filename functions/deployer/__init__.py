"""What the state machine's functions share: the request, the plan, the errors and the two adapters."""
