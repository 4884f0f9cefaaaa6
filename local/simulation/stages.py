"""Steps of a second stage: an event of the first stage is forwarded, and an object of its bucket changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from local.json_document import Document
from local.simulation.records import ObjectWrite
from local.simulation.scenario import RequestStep, Step

if TYPE_CHECKING:
    from local.simulation.scenario import Scenario
    from local.virtual_time.world import World

STAGING = "staging-artifacts"
"""The artifact bucket of the first stage."""

STAGING_ACCOUNT = "999988887777"
"""The account of the first stage."""


@dataclass(frozen=True, kw_only=True)
class StagedObject(Step):
    """An object of the first stage's bucket changes.

    Attributes:
        key: Its key.
        body: What it has now; None if it is deleted.
        version: Its version.
    """

    key: str
    body: bytes | None
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class Promotion(RequestStep):
    """The event that announces how an execution of the first stage ended is forwarded to the second stage's bus.

    Attributes:
        detail: The event's detail.
        account: The account that it comes from.
        stored: The request that is stored where the detail says, without empty fields; empty if it names none.
        keys: The keys in the first stage's bucket that the deployment needs; a folder's key ends in a slash.
        digests: The SHA-256 of the data that the first stage's endpoint loaded for this revision; empty if they are not
            all stored.
    """

    detail: Document
    account: str = STAGING_ACCOUNT
    stored: str = ""
    keys: frozenset[str] = frozenset()
    digests: frozenset[str] = field(default=frozenset())


def create_first_bucket(world: World, scenario: Scenario) -> None:
    """Create the first stage's bucket, if the scenario has a step with it."""
    if any(isinstance(step, StagedObject) for step in scenario.steps):
        world.s3.create_bucket(Bucket=STAGING)
        world.s3.put_bucket_versioning(Bucket=STAGING, VersioningConfiguration={"Status": "Enabled"})


def change_first_bucket(world: World, step: StagedObject) -> None:
    """Write or delete an object of the first stage's bucket; a version that is written has the id of the step."""
    if step.body is None:
        world.s3.delete_object(Bucket=STAGING, Key=step.key)
        return
    world.s3.put_object(Bucket=STAGING, Key=step.key, Body=step.body)
    if step.version:
        newest = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_bucket(STAGING).keys[step.key]
        newest._version_id = step.version  # noqa: SLF001 - stored requests name versions, and moto draws their ids


def forwarded_event(world: World, step: Promotion) -> Document:
    """Build the event as EventBridge forwards it: it keeps account and time."""
    event = world.event("endpoint-deployer", "Endpoint Deployment Ended", step.detail, [step.detail["Execution"]])
    return {**event, "account": step.account}


def staged_writes(scenario: Scenario, began: float) -> list[ObjectWrite]:
    """Return the changes of the first stage's bucket, with keys that begin with its name."""
    return [
        ObjectWrite(began + step.at, step.name, "", "", f"{STAGING}/{step.key}", None, step.body, step.version)
        for step in scenario.steps
        if isinstance(step, StagedObject)
    ]
