"""AWS on a laptop: MiniStack with SageMaker hosting added, and corrections. It may import the simulator."""
