"""The demo, its sample model and what it prints. It may import local AWS."""
