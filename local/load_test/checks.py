"""Checks the deployer's guarantees after a load."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from local.json_document import Document
from local.load_test.uploads import RETAINED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from local.load_test.uploads import Run

Resources = dict[str, Document]

# Outcomes and errors of runs whose revision was live.
_DEPLOYED = {("Deployed", ""), ("Superseded", "DeploymentSupersededError")}
_FAILED = ("Failed", "TimedOut", "Rejected")
_SWEEPS = 2


@dataclass(frozen=True)
class EndState:
    """The resources after a load, or after a sweep.

    Attributes:
        resources: What SageMaker holds: `Models`, `EndpointConfigs` and `Endpoints`, each by name.
        stored: The keys below `revisions/` in the artifact bucket.
    """

    resources: Resources
    stored: Collection[str] = field(default_factory=list)


def find_violations(runs: Sequence[Run], resources: Resources) -> Iterator[str]:
    """Yield the violations right after the last run has ended.

    Args:
        runs: All runs for the endpoints that are checked, in the order of their uploads.
        resources: What SageMaker holds: `Models`, `EndpointConfigs` and `Endpoints`, each by name.
    """
    for run in runs:
        if run.outcome is None:
            yield f"a run for {run.endpoint} announced nothing, and ended in {_last_state(run)}"
        elif run.outcome["Outcome"] in _FAILED:
            outcome = f"{run.outcome['Outcome']}: {run.outcome.get('Error')}: {run.outcome.get('Cause', '')}"
            yield f"a run for {run.endpoint} ended as {outcome}"
    for endpoint, newest in {run.endpoint: run for run in runs}.items():
        yield from _not_newest(newest, resources["Endpoints"].get(endpoint))


def leftovers_of_sweeps(
    runs: Sequence[Run], sweep: Callable[[], object], look: Callable[[], EndState], *, retained: int = RETAINED
) -> list[str]:
    """Sweep, and return the violations afterwards; because of replica lag the next sweep may have to finish.

    Args:
        runs: All runs for the endpoints that are checked, in the order of their uploads.
        sweep: Runs a sweep past the retention.
        look: Callback: returns the resources.
        retained: How many deployed revisions of an endpoint are retained.
    """
    leftovers: list[str] = []
    for _ in range(_SWEEPS):
        sweep()
        leftovers = [*find_leftovers(runs, look(), retained=retained)]
        if not leftovers:
            break
    return leftovers


def find_leftovers(runs: Sequence[Run], state: EndState, *, retained: int) -> Iterator[str]:
    """Yield what a sweep should have deleted and has not, and what it should have kept.

    Args:
        runs: All runs for the endpoints that are checked, in the order of their uploads.
        state: What there is after a sweep past the retention.
        retained: How many deployed revisions of an endpoint are retained.
    """
    for endpoint in {run.endpoint: None for run in runs}:
        yield from _check_endpoint(endpoint, [run for run in runs if run.endpoint == endpoint], state, retained)


def _last_state(run: Run) -> str:
    entered = [event["stateEnteredEventDetails"] for event in run.events if "stateEnteredEventDetails" in event]
    return str(entered[-1]["name"]) if entered else "no state"


def _not_newest(newest: Run, endpoint: Mapping[str, Any] | None) -> Iterator[str]:
    revision = (newest.outcome or {}).get("Revision")
    if endpoint is None:
        yield f"{newest.endpoint} does not exist"
    elif (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) != ("InService", revision):
        yield (
            f"{newest.endpoint} is {endpoint['EndpointStatus']} on {endpoint['EndpointConfigName']}; "
            f"its newest artifact is {revision}"
        )


def _check_endpoint(endpoint: str, runs: Sequence[Run], state: EndState, retained: int) -> Iterator[str]:
    """Compare the configs, models and stored objects of an endpoint with those that are to be kept."""
    configs, models = state.resources["EndpointConfigs"], state.resources["Models"]
    kept = _retained_revisions(endpoint, runs, state.resources, retained)
    used = {variant["ModelName"] for name in kept & configs.keys() for variant in configs[name]["ProductionVariants"]}
    yield from _differences("config", set(_of(endpoint, configs)), kept)
    yield from _differences("model", set(_of(endpoint, models)), used)
    folder = f"revisions/{endpoint}/"
    stored = {key.removeprefix(folder) for key in state.stored if key.startswith(folder)}
    requests = {name.partition("/")[0] for name in stored if not name.startswith("artifacts/")}
    artifacts = {name for name in stored if name.startswith("artifacts/")}
    needed = {_data_url(models[name]).partition(folder)[2] for name in used & models.keys()} - {""}
    yield from _differences("stored request", requests, kept)
    yield from _differences("stored artifact", artifacts, needed)


def _retained_revisions(endpoint: str, runs: Sequence[Run], resources: Resources, retained: int) -> set[str]:
    """Return the newest revisions that were deployed, the live one counted."""
    deployed = {
        str(run.outcome["Revision"])
        for run in runs
        if run.outcome and (run.outcome["Outcome"], run.outcome.get("Error", "")) in _DEPLOYED
    }
    live = resources["Endpoints"].get(endpoint, {}).get("EndpointConfigName")
    # The time of the request comes right after the endpoint's name, so names sort by age.
    newest = sorted(deployed, reverse=True)[:retained]
    return {*newest, *([live] if live else [])}


def _differences(kind: str, found: set[str], expected: set[str]) -> Iterator[str]:
    yield from (f"{kind} {name} is unused, and was not swept" for name in sorted(found - expected))
    yield from (f"{kind} {name} is in use, and is gone" for name in sorted(expected - found))


def _data_url(model: Mapping[str, Any]) -> str:
    return str(model.get("PrimaryContainer", {}).get("ModelDataUrl", ""))


def _of(endpoint: str, names: Collection[str]) -> list[str]:
    """Return the names that begin with an endpoint's; what follows is a year or the key of a model."""
    return [name for name in names if name.startswith((f"{endpoint}-2", f"{endpoint}-model-"))]
