"""The names of the alarms that the deployer makes for the content of requests: whose they are, and for what. Pure.

A name has the stack, the purpose, the endpoint and the digest of the alarm's content. No stack's name has a slash.
"""

from __future__ import annotations

import re

_DIGEST = re.compile(r"-[0-9a-f]{12}")
_DIGEST_LENGTH = 13  # with its hyphen


def rollback_prefix(stack: str) -> str:
    """Return the beginning of the names of a stack's rollback alarms."""
    return f"{stack}/rollback/"


def scaling_prefix(stack: str) -> str:
    """Return the beginning of the names of a stack's alarms for step policies."""
    return f"{stack}/scaling/"


def endpoint_of(alarm: str, prefix: str) -> str:
    """Return the endpoint in the name of an alarm; empty if the name does not begin so, or ends without a digest."""
    if not alarm.startswith(prefix) or not _DIGEST.fullmatch(alarm[-_DIGEST_LENGTH:]):
        return ""
    return alarm[len(prefix) : -_DIGEST_LENGTH]
