"""The demo, its sample model and its output. It may import local AWS."""
