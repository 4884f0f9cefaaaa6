"""The record of weights: which revision's weights an endpoint config has been given since it was deployed.

It is a folder of numbered objects beside the stored request of that config. Each names a revision, and the last one
counts. An object is written before the endpoint is changed, and never overwritten: of two runs that read the same last
number, one can write the next. S3 shows every write at once (S3 User Guide, "Amazon S3 data consistency model").
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from deployer.planning.keys import weights_folder
from deployer.planning.names import Revision

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from deployer.aws.s3 import Objects


class Entry(NamedTuple):
    """The last entry in the record of an endpoint config; without a record, the endpoint config itself."""

    number: int
    revision: str
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WeightRecord:
    """The records of the weights of all endpoint configs.

    Attributes:
        objects: The adapter of S3.
        bucket: The artifact bucket.
    """

    objects: Objects
    bucket: str

    def served(self, endpoint: Mapping[str, Any]) -> str:
        """Return the revision that a described endpoint serves: its endpoint config, or one whose weights that has."""
        return self.entry(endpoint).revision

    def entry(self, endpoint: Mapping[str, Any]) -> Entry:
        """Return the last entry in the record of the endpoint config that a described endpoint has."""
        return self.last(endpoint["EndpointName"], endpoint.get("EndpointConfigName", ""))

    def last(self, endpoint_name: str, config_name: str) -> Entry:
        """Return the last entry in the record of an endpoint config."""
        if Revision.parse(endpoint_name, config_name) is None:
            return Entry(0, config_name)
        folder = weights_folder(endpoint_name, config_name)
        listed = [*self.objects.list_objects(self.bucket, folder)]
        content = self.objects.read(self.bucket, listed[-1].key) if listed else None
        if content is None:
            return Entry(0, config_name)
        number = int(listed[-1].key.removeprefix(folder))
        return Entry(number, json.loads(content)["Revision"], listed[-1].last_modified)
