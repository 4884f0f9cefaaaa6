"""The deployer broken on purpose: what is stored, what is swept, and what is reported as drift."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import detect_drift
import sweep_unused
from deployer.aws import s3_copy
from deployer.aws.s3 import Objects
from deployer.cleanup import sweep
from deployer.cleanup.in_use import Account
from deployer.drift.look import Observer
from deployer.planning import model_data
from tests.machine.mutations import around, breaks
from tests.machine.scripted_scenarios import (
    deleted_endpoint,
    overwritten_while_copied,
    overwritten_while_live,
    smoke_test_during_a_sweep,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


@breaks("answers_come_from_the_deployed_bytes", seed=0, make=overwritten_while_copied)
def copy_without_version(patch: pytest.MonkeyPatch) -> None:
    """Copies whatever lies under the key, not the version that was uploaded."""
    newest = {"CopySource": {"Bucket": "artifacts"}}
    patch.setattr(s3_copy, "copy_source", lambda source: {"CopySource": {**newest["CopySource"], "Key": source.key}})
    patch.setattr(s3_copy, "version_pin", lambda _: {})


@breaks("answers_come_from_the_deployed_bytes", seed=0, make=overwritten_while_live)
def copy_nothing(patch: pytest.MonkeyPatch) -> None:
    """Lets models load what people may overwrite."""
    patch.setattr(model_data._Resolver, "_is_copied", lambda *_: False)


@breaks("stored_objects_never_change", seed=0)
def write_beside_the_artifact(patch: pytest.MonkeyPatch) -> None:
    """Writes an object beside the artifact."""

    def found(inner: Callable[..., Any], self: Objects, bucket: str, key: str) -> Any:
        client: Any = self._client
        client.put_object(Bucket=bucket, Key=f"{key}.seen", Body=b"")
        return inner(self, bucket, key)

    around(patch, Objects, "find", found)


@breaks("stored_objects_never_change", seed=0)
def overwrite_what_is_stored(patch: pytest.MonkeyPatch) -> None:
    """Overwrites what is stored of a revision."""

    def put(self: Objects, bucket: str, key: str, content: bytes) -> None:
        client: Any = self._client
        client.put_object(Bucket=bucket, Key=key, Body=content)

    patch.setattr(Objects, "put_if_absent", put)


@breaks("nothing_in_use_is_swept", seed=0)
def sweep_without_looking(patch: pytest.MonkeyPatch) -> None:
    """Sweeps without looking what is in use."""
    patch.setattr(Account, "is_attached", lambda *_: False)
    patch.setattr(Account, "models_of", lambda *_: frozenset())


@breaks("nothing_in_use_is_swept", seed=0)
def sweep_by_age_only(patch: pytest.MonkeyPatch) -> None:
    """Sweeps whatever is old enough, and retains no revision."""
    around(patch, sweep_unused, "Sweep", lambda inner, **given: inner(**{**given, "retained": 0}))


@breaks("nothing_in_use_is_swept", seed=0)
def sweep_at_once(patch: pytest.MonkeyPatch) -> None:
    """Sweeps what was created or used a moment ago."""
    now = datetime(2100, 1, 1, tzinfo=UTC)
    around(patch, sweep_unused, "Sweep", lambda inner, **given: inner(**{**given, "cutoff": now}))


@breaks("only_own_resources_are_deleted", seed=44)
def sweep_everything(patch: pytest.MonkeyPatch) -> None:
    """Sweeps what does not belong to the stack."""
    is_old: Callable[..., bool] = lambda moment, created_at, _tags, _stack: created_at < moment  # noqa: E731
    patch.setattr(sweep, "is_unused_since", is_old)


@breaks("unused_resources_are_swept", seed=0)
def sweep_nothing(patch: pytest.MonkeyPatch) -> None:
    """Sweeps nothing."""
    patch.setattr(sweep.Sweep, "is_unused", lambda *_: False)


@breaks("drift_is_reported_by_the_next_sweep", seed=0, make=deleted_endpoint)
def find_no_drift(patch: pytest.MonkeyPatch) -> None:
    """Finds no drift."""
    patch.setattr(detect_drift, "find_drift", lambda *_: [])


@breaks("drift_is_never_false", seed=0, make=smoke_test_during_a_sweep)
def ignore_executions_under_way(patch: pytest.MonkeyPatch) -> None:
    """Takes a deployment that is under way for drift."""
    patch.setattr(Observer, "_is_under_way", lambda *_: False)
