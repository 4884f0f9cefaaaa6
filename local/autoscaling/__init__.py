"""Application Auto Scaling for local AWS and for virtual time. It may import `local.simulator`."""
