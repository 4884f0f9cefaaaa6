"""Invariants of outcomes: an outcome describes the endpoint truly."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from deployer.planning.names import Revision
from deployer.tags import CONFIRMED_TAG, DEPLOYED, STATE_TAG
from local.json_document import Document
from local.simulation.account_state import at, configs_of, models_of, spans
from local.simulation.invariants.request_checks import is_of_others
from local.simulation.scenario import FINAL_REQUEST_PREFIX, Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.records import Write
    from local.simulation.runs import Run


def deployed_means_in_service_and_tested(recording: Recording) -> Iterator[str]:
    """Deployed: the run saw the endpoint in service on its revision, and the endpoint answered the smoke test."""
    for run in recording.runs:
        if run.outcome != "Deployed":
            continue
        visit = run.last("ChooseSmokeTest")
        if visit is None:
            yield f"{run.name} is deployed and never saw the endpoint in service"
            continue
        since = visit.entered - recording.visibility_seconds
        was_live = any(
            record is not None
            and (record["EndpointStatus"], record["EndpointConfigName"]) == ("InService", run.revision)
            for began, ended, record in spans(recording.served_writes, run.endpoint)
            if began <= visit.entered and ended >= since
        )
        yield "" if was_live else f"{run.name} is deployed, and {run.endpoint} was not in service on {run.revision}"
        if run.smoke_test:
            answers = [
                call
                for call in recording.calls
                if (call.actor, call.operation, call.outcome) == (run.name, "InvokeEndpoint", "ok")
                and recording.served(run.endpoint, call.attached, call.time) == run.revision
            ]
            wanted = run.smoke_test.get("Repetitions", 1)
            yield "" if len(answers) >= wanted else f"{run.name} is deployed after {len(answers)} of {wanted} answers"


def only_successes_are_marked_as_deployed(recording: Recording) -> Iterator[str]:
    """A config is tagged as deployed by RecordDeployment, and each that was reported as deployed is tagged."""
    for write in recording.writes:
        if write.table == "tags" and (write.value or {}).get(STATE_TAG) == DEPLOYED:
            is_new = (write.before or {}).get(STATE_TAG) != DEPLOYED
            is_wrong = is_new and write.function != "RecordDeployment"
            yield f"{write.actor} marked {write.name} as deployed in {write.function}" if is_wrong else ""
    for run in recording.runs:
        if run.outcome == "Deployed":
            tags = at(recording.writes, run.ended).tags_of("configs", run.revision)
            # An operator may have deleted the config, or removed its tags.
            is_pending = tags.get(STATE_TAG, DEPLOYED) != DEPLOYED
            yield f"{run.name} is deployed, and {run.revision} is still pending" if is_pending else ""


def success_means_the_requested_content(recording: Recording) -> Iterator[str]:
    """Deployed and NothingToDo: the endpoint runs the images and the bytes of the request, whatever the names say."""
    for run in recording.runs:
        visit = run.last("ChooseSmokeTest", "PlanAgain", "PlanDeployment")
        if not run.has_succeeded or visit is None:
            continue
        until, since = visit.left or run.ended, visit.entered - recording.visibility_seconds
        live = [
            record["EndpointConfigName"]
            for began, ended, record in spans(recording.writes, run.endpoint)
            if record is not None and began <= until and ended >= since
        ]
        if wanted := _requested_images(run):
            found = [_images_of(recording, name) for name in live]
            yield "" if wanted in found else f"{run.name} requested {wanted}, and {run.endpoint} ran {found}"
        if body := _requested_bytes(run):
            probes = [each for each in recording.probes if each.endpoint == run.endpoint and each.answer == "ok"]
            digests = {each.digest for each in probes if {*each.configs} & {*live} and each.time >= since}
            is_right = not digests or hashlib.sha256(body).hexdigest() in digests
            yield "" if is_right else f"{run.name} uploaded {body!r}, and {run.endpoint} loaded other bytes"


def _requested_images(run: Run) -> list[str]:
    """Return the images of a request that names all of them itself."""
    document = getattr(run.request, "detail", None) or getattr(run.request, "document", None)
    is_readable = isinstance(document, dict) and run.request.validity != "invalid"
    models = document.get("Models", {}) if isinstance(document, dict) and is_readable else {}
    return sorted(model["PrimaryContainer"]["Image"] for model in models.values())


def _requested_bytes(run: Run) -> bytes:
    """Return the artifact whose upload requested a deployment; empty for other requests."""
    request = run.request
    is_artifact = isinstance(request, Upload) and request.key.endswith("/model.tar.gz")
    is_copied = run.environment["COPY_ARTIFACTS"] != "none"
    return request.body.encode() if isinstance(request, Upload) and is_artifact and is_copied else b""


def _images_of(recording: Recording, config: str) -> list[str]:
    """Return the images of the models that an endpoint config names, as both were created first."""
    first: dict[str, Document] = {}
    for write in recording.writes:
        if write.table in {"configs", "models"} and write.value is not None:
            first.setdefault(write.name, write.value)
    models = [first.get(name, {}) for name in models_of(first.get(config, {}))]
    return sorted(model.get("PrimaryContainer", {}).get("Image", "") for model in models)


def nothing_to_do_means_already_live(recording: Recording) -> Iterator[str]:
    """NothingToDo: the endpoint served this content when the run looked, and it had been recorded as deployed."""
    for run in recording.runs:
        visit = run.last("PlanDeployment", "PlanAgain")
        if run.outcome != "NothingToDo" or visit is None:
            continue
        wanted = Revision.parse(run.endpoint, run.revision) if run.revision else None
        since, until = visit.entered - recording.visibility_seconds, visit.left or run.ended
        live = {
            record["EndpointConfigName"]
            for began, ended, record in spans(recording.served_writes, run.endpoint)
            if record is not None and record["EndpointStatus"] == "InService" and began <= until and ended >= since
        }
        # A rollback that was done before has no content of its own to compare.
        is_right = any(
            (revision := Revision.parse(run.endpoint, name))
            and (wanted is None or revision.digest == wanted.digest)
            and _is_deployed(recording, name, until)
            for name in live
        )
        yield "" if is_right else f"{run.name} has nothing to do, and {run.endpoint} did not serve {run.revision}"


def _is_deployed(recording: Recording, config: str, until: float) -> bool:
    """Return whether an endpoint config has been marked as deployed."""
    return any(
        write.table == "tags" and write.name.endswith(f"/{config.lower()}") and write.value.get(STATE_TAG) == DEPLOYED
        for write in recording.writes
        if write.time <= until and write.value is not None
    )


def superseded_means_a_newer_request(recording: Recording) -> Iterator[str]:
    """Superseded: something was requested later, an operator changed the endpoint, or a newer artifact came."""
    for run in recording.runs:
        if run.outcome == "Superseded":
            by_operator = any(
                write.name == run.endpoint and recording.is_by_operator(write) for write in recording.writes
            )
            is_right = by_operator or _is_overwritten(recording, run) or _has_newer(recording, run)
            is_right = is_right or _has_newer_waiting(recording, run)
            yield "" if is_right else f"{run.name} is superseded, and nothing is newer than {run.plan['RequestedAt']}"


def rolled_back_updates_are_failures(recording: Recording) -> Iterator[str]:
    """A run whose update SageMaker rolled back does not end as superseded, whatever the endpoint serves next."""
    for run in recording.runs:
        if run.outcome == "Superseded" and run.last("DescribeEndpoint") and not recording.is_taken_over(run.endpoint):
            writes = recording.served_writes
            changes = [write for write in writes if write.table == "endpoints" and write.name == run.endpoint]
            ends = [_end_of(changes[index:]) for index, write in enumerate(changes) if _is_update_of(run, write)]
            is_wrong = ends[-1:] == ["RollingBack"]
            yield f"{run.name} is superseded, and SageMaker rolled its update back" if is_wrong else ""


def _is_update_of(run: Run, write: Write) -> bool:
    return write.actor == run.name and write.begins == "Updating" and run.revision in configs_of(write.value)


def _end_of(changes: list[Write]) -> str:
    """Return the first status of an endpoint after the first of its changes; empty if it was deleted."""
    statuses = (write.value["EndpointStatus"] if write.value else "" for write in changes)
    return next((status for status in statuses if status != "Updating"), "")


def _is_overwritten(recording: Recording, run: Run) -> bool:
    """Return whether somebody else has written the uploaded object since, before the run ended."""
    key, uploaded = getattr(run.request, "key", None), recording.began + run.request.at
    written = [each for each in recording.object_writes if each.key == key and each.actor != run.request.name]
    return any(uploaded <= each.time < run.ended for each in written)


def _has_newer(recording: Recording, run: Run) -> bool:
    """Return whether what was attached, or confirmed, until the run ended was requested later than its own request."""
    own = Revision.parse(run.endpoint, run.revision)
    requested = str(run.plan["RequestedAt"]).replace("-", "").replace(":", "")[:15]
    for write in recording.served_writes:
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


def _has_newer_waiting(recording: Recording, run: Run) -> bool:
    """Return whether a newer request waited for approval before the run ended."""
    own = Revision.parse(run.endpoint, run.revision)
    for other in recording.runs_of(run.endpoint):
        newer = Revision.parse(run.endpoint, other.revision)
        waits = [visit.entered for visit in other.visits if visit.state == "AwaitApproval"]
        if own and newer and newer.order > own.order and any(moment <= run.ended for moment in waits):
            return True
    return False


def final_requests_are_deployed(recording: Recording) -> Iterator[str]:
    """After the last fault window, every valid request is deployed, and its endpoint answers, if it is the stack's."""
    account = at(recording.served_writes, math.inf)
    for run in recording.runs:
        if not run.request.name.startswith(FINAL_REQUEST_PREFIX):
            continue
        endpoint = account.endpoints.get(run.endpoint, {})
        answers = [probe.answer for probe in recording.probes if probe.endpoint == run.endpoint]
        is_live = (endpoint.get("EndpointStatus"), endpoint.get("EndpointConfigName")) == ("InService", run.revision)
        is_right = run.end == "Deployed" and is_live and answers[-1:] == ["ok"]
        is_right = is_right or is_of_others(recording, run)
        yield "" if is_right else f"{run.name} ended as {run.end}: {run.execution.error} {run.execution.cause[:300]}"
