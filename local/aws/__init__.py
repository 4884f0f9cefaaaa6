"""AWS on a laptop: MiniStack and the glue around it. It may import the simulator."""
