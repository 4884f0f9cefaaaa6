"""Names made from content: the same content has the same name, and a listing sorted by name is the history.

SageMaker allows 63 characters of `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}` for models, endpoint configs and endpoints alike
(SageMaker API Reference, CreateEndpointConfig).
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

NAME_LENGTH = 63
"""Characters that SageMaker allows in a name."""

_DIGEST_LENGTH = 12
_STEM_MARK_LENGTH = 6
_REQUESTED_AT = "%Y%m%dT%H%M%S"
_REVISION = re.compile(r"(?P<stem>.+)-(?P<requested_at>\d{8}T\d{6})-(?P<digest>[0-9a-f]{12})")


def digest(content: object) -> str:
    """Return the digest of a JSON document: 12 hexadecimal digits, independent of the order of its members."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:_DIGEST_LENGTH]


def model_name(endpoint_name: str, model_key: str, content: object) -> str:
    """Return `<EndpointName>-<ModelKey>-<digest>`."""
    suffix = f"-{model_key}-{digest(content)}"
    return _stem(endpoint_name, NAME_LENGTH - len(suffix)) + suffix


def revision_stem(endpoint_name: str) -> str:
    """Return the beginning of the names of all revisions of an endpoint: its name, cut if it is too long."""
    return _stem(endpoint_name, NAME_LENGTH - len("-20000101T000000-") - _DIGEST_LENGTH)


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision: one wanted state of an endpoint, identified by the parts of its endpoint config's name."""

    stem: str
    """The endpoint's name, cut where it is too long."""
    requested_at: datetime
    """When the deployment was requested, in UTC, to the second."""
    digest: str

    @classmethod
    def of(cls, endpoint_name: str, requested_at: datetime, content: object) -> Revision:
        """Make the revision of an endpoint with this content."""
        moment = requested_at.astimezone(UTC).replace(microsecond=0)
        return cls(revision_stem(endpoint_name), moment, digest(content))

    @classmethod
    def parse(cls, endpoint_name: str, config_name: str) -> Revision | None:
        """Parse the name of an endpoint config; None if it is not a revision of this endpoint."""
        match = _REVISION.fullmatch(config_name)
        if match is None:
            return None
        try:
            moment = datetime.strptime(match["requested_at"], _REQUESTED_AT).replace(tzinfo=UTC)
        except ValueError:
            return None
        is_own = match["stem"] == revision_stem(endpoint_name)
        return cls(match["stem"], moment, match["digest"]) if is_own else None

    @property
    def name(self) -> str:
        """`<EndpointName>-<requested at, UTC>-<digest>`, the name of the endpoint config."""
        return f"{self.stem}-{self.requested_at.strftime(_REQUESTED_AT)}-{self.digest}"

    def is_confirmed_by(self, other: Revision | None) -> bool:
        """Return whether another revision asks for the same content at a later time."""
        return other is not None and other.digest == self.digest and other.requested_at > self.requested_at

    @property
    def order(self) -> tuple[datetime, str]:
        """The sort key of revisions of one endpoint: age, then the digest, so that all runs agree within one second."""
        return self.requested_at, self.digest


def _stem(endpoint_name: str, length: int) -> str:
    """Cut an endpoint's name to a length; a cut name ends in digits of its digest, so that it stays unique."""
    if len(endpoint_name) <= length:
        return endpoint_name
    return f"{endpoint_name[: length - _STEM_MARK_LENGTH - 1]}-{digest(endpoint_name)[:_STEM_MARK_LENGTH]}"
