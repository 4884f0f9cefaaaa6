"""The demo: its steps in `demo`, its sample model and its pictures. It may import local AWS."""
