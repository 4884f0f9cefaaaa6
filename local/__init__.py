"""AWS on a laptop: the shipped stack on MiniStack, with a simulator of SageMaker hosting inside it."""
