"""What has become of endpoints after many uploads: which promise is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from local.load_test.uploads import Run

Resources = dict[str, dict[str, Any]]

# Outcomes and errors of runs whose revision was live, and is history.
_MADE_HISTORY = {("Deployed", ""), ("Superseded", "DeploymentSupersededError")}
_FAILED = ("Failed", "TimedOut", "Rejected")


def broken_promises(runs: Sequence[Run], resources: Resources, *, retained: int) -> Iterator[str]:
    """Yield in which way it did not end as it has to.

    Args:
        runs: All runs for the endpoints that are looked at, in the order of their uploads.
        resources: What there is in SageMaker: `Models`, `EndpointConfigs` and `Endpoints`, each by name.
        retained: How many revisions of an endpoint are to be retained.
    """
    for run in runs:
        if run.outcome is None:
            yield f"a run for {run.endpoint} announced nothing, and ended in {_last_state(run)}"
        elif run.outcome["Outcome"] in _FAILED:
            told = f"{run.outcome['Outcome']}: {run.outcome.get('Error')}: {run.outcome.get('Cause', '')}"
            yield f"a run for {run.endpoint} ended as {told}"
    for endpoint, newest in {run.endpoint: run for run in runs}.items():
        yield from _not_newest(newest, resources["Endpoints"].get(endpoint))
    for endpoint in {run.endpoint: None for run in runs}:
        yield from _unaccounted(endpoint, [run for run in runs if run.endpoint == endpoint], resources, retained)


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


def _unaccounted(endpoint: str, runs: Sequence[Run], resources: Resources, retained: int) -> Iterator[str]:
    """Yield the configs that were never served, those beyond retention, and the models that no config uses."""
    outcomes = [run.outcome for run in runs if run.outcome]
    history = {
        outcome.get("Revision")
        for outcome in outcomes
        if (outcome["Outcome"], outcome.get("Error", "")) in _MADE_HISTORY
    }
    configs = _of(endpoint, resources["EndpointConfigs"])
    yield from (f"config {name} was never served, and is still there" for name in configs if name not in history)
    if len(configs) > retained:
        yield f"{endpoint} keeps {len(configs)} revisions; {retained} are to be retained"
    used = {
        variant["ModelName"] for name in configs for variant in resources["EndpointConfigs"][name]["ProductionVariants"]
    }
    left = set(_of(endpoint, resources["Models"])) - used
    yield from (f"no config uses model {name}, and it is still there" for name in sorted(left))


def _of(endpoint: str, names: Collection[str]) -> list[str]:
    """Return the names that begin with an endpoint's; what follows is a year or the key of a model."""
    return [name for name in names if name.startswith((f"{endpoint}-2", f"{endpoint}-model-"))]
