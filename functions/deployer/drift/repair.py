"""Which drift a redeployment mends, and what starts it. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployer.drift.find import Kind

if TYPE_CHECKING:
    from collections.abc import Collection

    from deployer.drift.find import Finding, View
    from deployer.json_document import Document

_REPAIRABLE = frozenset({Kind.CONFIG_REPLACED})
"""For the other kinds, a rollback to the deployed revision would change nothing, or would be rejected."""

_DIGEST_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Repair:
    """An execution that brings an endpoint back to its deployed revision.

    Attributes:
        execution_name: Its name; the same for the same difference, so that this is repaired once.
        request: Its input.
    """

    execution_name: str
    request: Document


def choose_repair(view: View, finding: Finding, kinds: Collection[str]) -> Repair | None:
    """Return what repairs a difference; None if nothing does, or the stack does not repair that kind.

    Args:
        view: The endpoint.
        finding: How it differs from its deployed revision.
        kinds: The kinds of drift that the stack repairs.
    """
    if finding.kind not in _REPAIRABLE or finding.kind not in kinds or view.deployed is None or view.live is None:
        return None
    # A repair that succeeds is a revision of its own, so that the same change by hand after it has another name.
    difference = [view.endpoint_name, finding.kind, view.deployed.name, view.live.config_name]
    digest = hashlib.sha256(json.dumps(difference).encode()).hexdigest()[:_DIGEST_LENGTH]
    return Repair(f"repair-{digest}", {"EndpointName": view.endpoint_name, "Rollback": view.deployed.name})
