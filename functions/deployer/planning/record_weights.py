"""Adds to the record of weights that an endpoint config is given those of a revision."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deployer.planning.keys import weights_folder

if TYPE_CHECKING:
    from deployer.planning.weight_record import WeightRecord


def record_weights(record: WeightRecord, endpoint_name: str, config_name: str, revision: str, number: int) -> bool:
    """Record under a number that an endpoint config is given a revision's weights; return whether it was free."""
    key = f"{weights_folder(endpoint_name, config_name)}{number:08}"
    return record.objects.put_if_absent(record.bucket, key, json.dumps({"Revision": revision}).encode())
