"""A story in readable text: what was asked for, and what then happened and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from local.simulation.account import configs_of
from local.simulation.story import Approval, Beside, Event, Manual, Redrive, Stop, Upload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording, Write
    from local.simulation.runs import Run
    from local.simulation.story import Spell, Step, Story

_READS = ("Describe", "List")


def tell_story(story: Story) -> str:
    """List the steps and the spells of a story, in the order of their times."""
    parts: list[tuple[float, str]] = [(step.at, _step(step)) for step in story.steps]
    parts += [(spell.start, _spell(spell)) for spell in story.spells]
    lines = [f"seed {story.seed}: {story.environment}", f"{story.settings}"]
    return "\n".join([*lines, *(f"{at:10.3f}  {text}" for at, text in sorted(parts))])


def tell_briefly(story: Story) -> list[str]:
    """List the steps and the spells of a story in a few words each, below how it is set."""
    settings = ", ".join(f"{name} {value}" for name, value in story.environment.items())
    parts: list[tuple[float, str]] = [(step.at, f"{step.name}: {_briefly(step)}") for step in story.steps]
    parts += [(spell.start, f"{spell.name}, until {spell.end:.0f} s") for spell in story.spells]
    return [f"lag {story.settings.lag:g} s, {settings}", *(f"{at:8.0f} s  {text}" for at, text in sorted(parts))]


def tell_recording(recording: Recording) -> str:
    """List what happened: seconds after the beginning, who, in which state, and what."""
    entries: list[tuple[float, int, str]] = []
    for run in recording.runs:
        entries += [(moment, 1, f"{run.name:16} {text}") for moment, text in _run(run)]
    for write in recording.writes:
        who = "SageMaker" if write.table == "endpoints" and not write.begins else write.actor or "somebody"
        entries.append((write.time, 2, f"{who:16} {write.state:22} {_write(write)}"))
    for call in recording.calls:
        is_shown = call.outcome != "ok" or call.operation == "InvokeEndpoint"
        if is_shown:
            answer = f"{call.outcome}: {call.message}" if call.message else call.outcome
            told = f"{call.operation} {call.names} -> {answer}"
            entries.append((call.time, 0, f"{call.actor or 'somebody':16} {call.state:22} {told}"))
    for probe in recording.probes:
        if probe.answer != "ok":
            entries.append((probe.time, 3, f"{'probe':16} {'':22} {probe.endpoint} answers {probe.answer}"))
    began = f"{datetime.fromtimestamp(recording.began, UTC):%Y-%m-%dT%H:%M:%S}"
    lines = [f"{moment - recording.began:10.3f}  {text}" for moment, _, text in sorted(entries)]
    return "\n".join([f"0 is {began}", *lines])


def _briefly(step: Step) -> str:
    match step:
        case Upload():
            what = f"{step.key} is uploaded: {step.body[:40]!r}"
        case Approval():
            what = f"version {step.version} of {step.endpoint} is {step.status}"
        case Event() | Manual():
            what = f"{step.endpoint} {'by event' if isinstance(step, Event) else 'by hand'}: {_wanted(step)}"
        case Stop() | Redrive():
            return f"{type(step).__name__.lower()} {step.execution}"
        case Beside():
            return f"somebody does this to {step.endpoint}: {step.deed} ({step.choice})"
        case _:
            return f"the alarm is {getattr(step, 'state', '')}"
    late = ", ".join(f"{delay:g} s" for delay in step.deliveries)
    return what if step.deliveries == (0.0,) else f"{what}; delivered after {late or 'no time at all'}"


def _wanted(ask: Event | Manual) -> str:
    """Name what a request asks for: its images, and what it has besides."""
    document = ask.detail if isinstance(ask, Event) else ask.document
    if ask.verdict == "wrong" or not isinstance(document, dict):
        return "what is wrong"
    if "Rollback" in document:
        return " with ".join(["a rollback", *document.keys() & {"SmokeTest"}])
    models = [model["PrimaryContainer"]["Image"].rpartition("/")[2] for model in document["Models"].values()]
    besides = [member for member in ("SmokeTest", "DeploymentConfig", "Tags") if member in document]
    return " with ".join([" and ".join(models) or "somebody's model", *besides])


def _step(step: Step) -> str:
    members = {name: value for name, value in vars(step).items() if name not in {"name", "at"}}
    return f"{step.name}: {type(step).__name__} {members}"


def _spell(spell: Spell) -> str:
    what = [*spell.faults, *spell.outside, *([spell.settings] if spell.settings else [])]
    return f"{spell.name} until {spell.end:.3f}: {', '.join(map(str, what))}"


def _run(run: Run) -> Iterator[tuple[float, str]]:
    for visit in run.visits:
        if visit.attempts or visit.left is None:
            failed = f" failed with {', '.join(visit.failures)}" if visit.failures else ""
            yield visit.entered, f"{visit.state}{failed}"
    if run.execution.status != "RUNNING":
        told = f"{run.revision} {run.error} left {run.left}" if run.left else f"{run.revision} {run.error}"
        yield run.ended, f"ends: {run.execution.status} in {run.end} {told}"
        if run.execution.cause:
            yield run.ended, f"because: {run.execution.cause[:300]}"


def _write(write: Write) -> str:
    if write.table == "endpoints":
        if write.value is None:
            return f"endpoint {write.name} is gone"
        return f"endpoint {write.name} is {write.value['EndpointStatus']} on {' -> '.join(configs_of(write.value))}"
    if write.table == "tags":
        return f"tags {write.name.rpartition(':')[2]}: {write.value}"
    return f"{write.table[:-1]} {write.name} is {'deleted' if write.value is None else 'created'}"
