"""Scenarios and recordings as text: what was requested, and what then happened and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from local.simulation.account_state import configs_of
from local.simulation.scenario import (
    Approval,
    Event,
    Manual,
    OperatorStep,
    Redrive,
    RequestStep,
    StackUpdate,
    Stop,
    Sweep,
    Upload,
)
from local.simulation.stages import Promotion, StagedObject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.records import Write
    from local.simulation.runs import Run
    from local.simulation.scenario import FaultWindow, Scenario, Step


def describe_scenario(scenario: Scenario) -> str:
    """List the steps and the fault windows of a scenario, in the order of their times."""
    parts: list[tuple[float, str]] = [(step.at, _describe_step(step)) for step in scenario.steps]
    parts += [(window.start, _describe_window(window)) for window in scenario.fault_windows]
    lines = [f"seed {scenario.seed}: {scenario.environment}", f"{scenario.settings}"]
    return "\n".join([*lines, *(f"{at:10.3f}  {text}" for at, text in sorted(parts))])


def summarize_scenario(scenario: Scenario) -> list[str]:
    """List the steps and the fault windows of a scenario in a few words each, below its settings."""
    environment = ", ".join(f"{name} {value}" for name, value in scenario.environment.items())
    parts: list[tuple[float, str]] = [(step.at, f"{step.name}: {_summary(step)}") for step in scenario.steps]
    parts += [(window.start, f"{window.name}, until {window.end:.0f} s") for window in scenario.fault_windows]
    lag = f"lag {scenario.settings.least_lag:g} to {scenario.settings.lag:g} s"
    return [f"{lag}, {environment}", *(f"{at:8.0f} s  {text}" for at, text in sorted(parts))]


def describe_recording(recording: Recording) -> str:
    """List what happened: seconds after the start, who, in which function, and what."""
    entries: list[tuple[float, int, str]] = []
    for run in recording.runs:
        entries += [(moment, 1, f"{run.name:16} {text}") for moment, text in _describe_run(run)]
    for write in recording.writes:
        who = "SageMaker" if write.is_asynchronous else write.actor or "somebody"
        entries.append((write.time, 2, f"{who:16} {write.function:22} {_describe_write(write)}"))
    for written in recording.object_writes:
        verb = "deletes" if written.content is None else f"writes {len(written.content)} bytes to"
        entries.append((written.time, 2, f"{written.actor:16} {written.function:22} {verb} {written.key}"))
    entries += [(moment, 0, text) for moment, text in _describe_calls(recording)]
    for arrival in recording.arrivals:
        text = f"event {arrival.event}: {arrival.endpoint} is {arrival.status}"
        entries.append((arrival.time, 3, f"{'EventBridge':16} {'':22} {text}"))
    for probe in recording.probes:
        if probe.answer != "ok":
            entries.append((probe.time, 3, f"{'probe':16} {'':22} {probe.endpoint} answers {probe.answer}"))
    began = f"{datetime.fromtimestamp(recording.began, UTC):%Y-%m-%dT%H:%M:%S}"
    lines = [f"{moment - recording.began:10.3f}  {text}" for moment, _, text in sorted(entries)]
    return "\n".join([f"0 is {began}", *lines])


def _describe_calls(recording: Recording) -> Iterator[tuple[float, str]]:
    """Yield the failed calls and the invocations, each repetition of one by the same actor with its count."""
    repeated: dict[str, tuple[float, int]] = {}
    for call in recording.calls:
        if call.outcome != "ok" or call.operation == "InvokeEndpoint":
            answer = f"{call.outcome}: {call.message}" if call.message else call.outcome
            text = f"{call.actor or 'somebody':16} {call.function:22} {call.operation} {call.names} -> {answer}"
            first, times = repeated.get(text, (call.time, 0))
            repeated[text] = (first, times + 1)
    for text, (first, times) in repeated.items():
        yield first, text if times == 1 else f"{text} ({times} times)"


def _summary(step: Step) -> str:
    match step:
        case RequestStep():
            late = ", ".join(f"{delay:g} s" for delay in step.deliveries)
            text = _requested(step)
            return text if step.deliveries == (0.0,) else f"{text}; delivered after {late or 'never'}"
        case Stop() | Redrive():
            return f"{type(step).__name__.lower()} {step.execution}"
        case OperatorStep():
            return f"an operator does this to {step.endpoint}: {step.action} ({step.choice})"
        case Sweep():
            return "a dry run of the sweep" if step.is_dry_run else "a sweep"
        case StackUpdate() | StagedObject():
            return _change_of(step)
        case _:
            return f"{type(step).__name__} {getattr(step, 'state', '') or getattr(step, 'endpoint', '')}"


def _change_of(step: StackUpdate | StagedObject) -> str:
    if isinstance(step, StackUpdate):
        return f"the stack is updated: {step.environment}"
    return f"{step.key} of the first stage is {'deleted' if step.body is None else 'written'}"


def _requested(request: RequestStep) -> str:
    match request:
        case Upload():
            return f"{request.key} is uploaded: {request.body[:40]!r}"
        case Approval():
            return f"version {request.version} of {request.endpoint} is {request.status}"
        case Promotion():
            return f"{request.detail['Outcome']} of {request.endpoint} is promoted by {request.account}"
        case Event() | Manual():
            by = "by event" if isinstance(request, Event) else "by a person"
            return f"{request.endpoint} {by}: {_content(request)}"
    return type(request).__name__


def _content(request: Event | Manual) -> str:
    """Summarize what is requested: the images, and the further members."""
    document = request.detail if isinstance(request, Event) else request.document
    if request.validity == "invalid" or not isinstance(document, dict):
        return "an invalid request"
    if "Rollback" in document:
        return " with ".join(["a rollback", *document.keys() & {"SmokeTest"}])
    models = [model["PrimaryContainer"]["Image"].rpartition("/")[2] for model in document["Models"].values()]
    members = [member for member in ("SmokeTest", "DeploymentConfig", "Tags") if member in document]
    return " with ".join([" and ".join(models) or "an external model", *members])


def _describe_step(step: Step) -> str:
    members = {name: value for name, value in vars(step).items() if name not in {"name", "at"}}
    return f"{step.name}: {type(step).__name__} {members}"


def _describe_window(window: FaultWindow) -> str:
    faults = [*window.faults, *window.service_faults, *([window.settings] if window.settings else [])]
    return f"{window.name} until {window.end:.3f}: {', '.join(map(str, faults))}"


def _describe_run(run: Run) -> Iterator[tuple[float, str]]:
    for visit in run.visits:
        if visit.attempts or visit.left is None:
            failed = f" failed with {', '.join(visit.failures)}" if visit.failures else ""
            yield visit.entered, f"{visit.state}{failed}"
    if run.execution.status != "RUNNING":
        yield run.ended, f"ends: {run.execution.status} in {run.end} {run.revision} {run.error}"
        if run.execution.cause:
            yield run.ended, f"because: {run.execution.cause[:300]}"


def _describe_write(write: Write) -> str:
    if write.table == "endpoints":
        if write.value is None:
            return f"endpoint {write.name} is gone"
        return f"endpoint {write.name} is {write.value['EndpointStatus']} on {' -> '.join(configs_of(write.value))}"
    if write.table == "tags":
        return f"tags {write.name.rpartition(':')[2]}: {write.value}"
    return f"{write.table[:-1]} {write.name} is {'deleted' if write.value is None else 'created'}"
