"""The base of what goes wrong with local AWS, in words for the person who started it."""


class LocalAwsError(Exception):
    """Local AWS, or something done with it, did not do what it should; the message says why."""
