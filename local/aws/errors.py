"""The base class of errors of local AWS."""


class LocalAwsError(Exception):
    """Local AWS failed, or something that was done with it; the message says why."""
