"""The deployer broken on purpose: what it finds of alarms, scaling, stored copies and invocations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import detect_drift
from deployer.aws.monitoring import Monitoring
from deployer.drift.look import Observer
from tests.machine.drift_scenarios import changed_services, deleted_copy, unrepaired_config
from tests.machine.mutations import around, breaks

if TYPE_CHECKING:
    import pytest


@breaks("drift_is_reported_by_the_next_sweep", seed=0, make=changed_services)
def find_no_changed_scaling(patch: pytest.MonkeyPatch) -> None:
    """Finds no changed scaling."""
    patch.setattr(Observer, "_changed_scaling", lambda *_: [])


@breaks("drift_is_never_false", seed=0, make=changed_services)
def find_scaling_changed(patch: pytest.MonkeyPatch) -> None:
    """Takes the scaling of each revision for changed."""
    patch.setattr(Observer, "_changed_scaling", lambda *_: ["AllTraffic"])


@breaks("drift_is_reported_by_the_next_sweep", seed=0, make=changed_services)
def find_alarms_as_made(patch: pytest.MonkeyPatch) -> None:
    """Finds no alarm that was changed or deleted."""
    patch.setattr(Observer, "_alarms", lambda *_: ((), ()))


@breaks("drift_is_never_false", seed=0, make=changed_services)
def find_no_alarms(patch: pytest.MonkeyPatch) -> None:
    """Takes alarms for deleted that are there."""
    patch.setattr(Monitoring, "alarms", lambda *_: {})


@breaks("drift_is_reported_by_the_next_sweep", seed=0, make=deleted_copy)
def find_copies_as_stored(patch: pytest.MonkeyPatch) -> None:
    """Finds no stored copy that was deleted."""
    patch.setattr(Observer, "_missing_data", lambda *_: [])


@breaks("drift_is_reported_by_the_next_sweep", seed=0, make=deleted_copy)
def find_invocations(patch: pytest.MonkeyPatch) -> None:
    """Takes every endpoint for invoked."""
    patch.setattr(Monitoring, "invocations", lambda *_: 1.0)


@breaks("drift_is_never_false", seed=0, make=deleted_copy)
def find_no_invocations(patch: pytest.MonkeyPatch) -> None:
    """Takes no endpoint for invoked."""
    patch.setattr(Monitoring, "invocations", lambda *_: 0.0)


@breaks("only_named_drift_is_repaired", seed=0, make=unrepaired_config)
def repair_whatever_differs(patch: pytest.MonkeyPatch) -> None:
    """Repairs drift of a kind that the stack does not name."""
    around(patch, detect_drift, "choose_repair", lambda inner, view, finding, _: inner(view, finding, [finding.kind]))
