"""What an outcome says of the endpoint is so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from deployer.aws.sagemaker import CONFIRMED_TAG
from deployer.planning.names import Revision
from deployer.planning.revision import UNPROVEN_TAG
from local.simulation.account import at, models_of, spans
from local.simulation.playing import EPILOGUE
from local.simulation.promises.order import VISIBILITY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run
    from local.simulation.story import Document


def deployed_means_in_service_and_tested(recording: Recording) -> Iterator[str]:
    """Deployed: the endpoint was in service on the run's revision, and answered its smoke test, as seen by the run."""
    for run in recording.runs:
        visit = run.last("ChooseProof")
        if run.outcome != "Deployed":
            continue
        if visit is None:
            yield f"{run.name} is deployed and never saw the endpoint in service"
            continue
        since = visit.entered - VISIBILITY_SECONDS
        was_live = any(
            record is not None
            and (record["EndpointStatus"], record["EndpointConfigName"]) == ("InService", run.revision)
            for began, ended, record in spans(recording.writes, run.endpoint)
            if began <= visit.entered and ended >= since
        )
        yield "" if was_live else f"{run.name} is deployed, and {run.endpoint} was not in service on {run.revision}"
        if run.plan.get("SmokeTest"):
            answers = [
                call
                for call in recording.calls
                if (call.actor, call.operation, call.outcome, call.attached)
                == (run.name, "InvokeEndpoint", "ok", run.revision)
            ]
            wanted = run.plan["SmokeTest"].get("Repetitions", 1)
            yield "" if len(answers) >= wanted else f"{run.name} is deployed after {len(answers)} of {wanted} answers"
            account = at(recording.writes, run.ended)
            is_marked = UNPROVEN_TAG in account.tags_of("configs", run.revision)
            yield f"{run.name} is deployed, and {run.revision} is still marked as unproven" if is_marked else ""


def success_means_what_was_asked_for(recording: Recording) -> Iterator[str]:
    """Deployed and NothingToDo: the images that the endpoint runs are those of the request, whatever the names say."""
    for run in recording.runs:
        wanted, visit = _images_wanted(run), run.last("IsInService", "ChooseProof", "PlanDeployment")
        if not wanted or not run.has_succeeded or visit is None:
            continue
        until = visit.left or run.ended
        live = [
            record["EndpointConfigName"]
            for began, ended, record in spans(recording.writes, run.endpoint)
            if record is not None and began <= until and ended >= visit.entered - VISIBILITY_SECONDS
        ]
        found = [_images_of(recording, name) for name in live]
        yield "" if wanted in found else f"{run.name} asked for {wanted}, and {run.endpoint} ran {found}"


def _images_wanted(run: Run) -> list[str]:
    """Name the images of a request that says all itself."""
    document = getattr(run.ask, "detail", None) or getattr(run.ask, "document", None)
    models = document.get("Models", {}) if isinstance(document, dict) and run.ask.verdict != "wrong" else {}
    return sorted(model["PrimaryContainer"]["Image"] for model in models.values())


def _images_of(recording: Recording, config: str) -> list[str]:
    """Name the images of the models that an endpoint config names, as both were written first."""
    first: dict[str, Document] = {}
    for write in recording.writes:
        if write.table in {"configs", "models"} and write.value is not None:
            first.setdefault(write.name, write.value)
    models = [first.get(name, {}) for name in models_of(first.get(config, {}))]
    return sorted(model.get("PrimaryContainer", {}).get("Image", "") for model in models)


def nothing_to_do_means_it_is_live(recording: Recording) -> Iterator[str]:
    """NothingToDo: the endpoint served this content when the run looked, and had passed its smoke test, if any."""
    for run in recording.runs:
        visit = run.last("PlanDeployment")
        if run.outcome != "NothingToDo" or visit is None:
            continue
        wanted = Revision.parse(run.endpoint, run.revision) if run.revision else None
        since, until = visit.entered - VISIBILITY_SECONDS, visit.left or run.ended
        live = {
            record["EndpointConfigName"]
            for began, ended, record in spans(recording.writes, run.endpoint)
            if record is not None and record["EndpointStatus"] == "InService" and began <= until and ended >= since
        }
        # A rollback that has been done has no content of its own to compare.
        is_right = any(
            (revision := Revision.parse(run.endpoint, name))
            and (wanted is None or revision.digest == wanted.digest)
            and _is_proven(recording, name, until)
            for name in live
        )
        yield "" if is_right else f"{run.name} has nothing to do, and {run.endpoint} did not serve {run.revision}"


def _is_proven(recording: Recording, config: str, until: float) -> bool:
    """Tell whether an endpoint config has been without the mark of those that wait for their smoke test."""
    return any(
        write.table == "tags" and write.name.endswith(f"/{config}") and UNPROVEN_TAG not in write.value
        for write in recording.writes
        if write.time <= until and write.value is not None
    )


def superseded_means_there_is_something_newer(recording: Recording) -> Iterator[str]:
    """Superseded: something was asked for later, or a person changed the endpoint, or a newer artifact came."""
    for run in recording.runs:
        if run.outcome == "Superseded":
            by_hand = any(write.name == run.endpoint and recording.is_by_hand(write) for write in recording.writes)
            is_right = by_hand or _is_overwritten(recording, run) or _has_newer(recording, run)
            yield "" if is_right else f"{run.name} is superseded, and nothing is newer than {run.plan['RequestedAt']}"


def _is_overwritten(recording: Recording, run: Run) -> bool:
    key = getattr(run.ask, "key", None)
    others = (ask for ask in recording.story.asks if ask is not run.ask)
    return not run.revision and key is not None and any(getattr(other, "key", "") == key for other in others)


def _has_newer(recording: Recording, run: Run) -> bool:
    """Tell whether what was attached, or confirmed, until the run ended was asked for later than what it wants."""
    own = Revision.parse(run.endpoint, run.revision)
    requested = str(run.plan["RequestedAt"]).replace("-", "").replace(":", "")[:15]
    for write in recording.writes:
        record = write.value or {}
        for name in (record.get("EndpointConfigName", ""), record.get(CONFIRMED_TAG, "")):
            revision = Revision.parse(run.endpoint, name) if write.table != "configs" else None
            if revision is None or write.time > run.ended:
                continue
            if own is None and f"{revision.requested_at:%Y%m%dT%H%M%S}" >= requested:
                return True
            if own is not None and revision.order > own.order:
                return True
    return False


def the_next_good_request_is_deployed(recording: Recording) -> Iterator[str]:
    """Whatever has happened before: once nothing goes wrong any more, a good request is deployed, and answers."""
    account = at(recording.writes, math.inf)
    for run in recording.runs:
        if not run.ask.name.startswith(EPILOGUE):
            continue
        endpoint = account.endpoints.get(run.endpoint, {})
        probes = [probe.answer for probe in recording.probes if probe.endpoint == run.endpoint]
        is_live = (endpoint.get("EndpointStatus"), endpoint.get("EndpointConfigName")) == ("InService", run.revision)
        is_right = run.end == "Deployed" and is_live and probes[-1:] == ["ok"]
        yield "" if is_right else f"{run.name} ended as {run.end}: {run.execution.error} {run.execution.cause[:300]}"
