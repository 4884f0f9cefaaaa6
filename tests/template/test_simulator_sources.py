"""Each behaviour of the hosting simulator names where it is known from, or that it is assumed."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from local.simulator.validation import model
from local.trial.endpoint import endpoint_assumptions
from local.trial.records import RECORDS
from local.trial.untried import UNTRIED
from local.trial.weights import weight_assumptions
from tests.template.shipped import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = {
    "__init__",
    "archive",
    "calls",
    "clock",
    "endpoint",
    "faults",
    "in_process",
    "operations",
    "simulator",
    "statuses",
}
"""Modules that imitate nothing: they hold parts together, make what goes wrong, or pack what is uploaded."""

MECHANICS = {
    f"{module}.{name}"
    for module, names in {
        "asynchronous": "Asynchronous.next_due",
        "container": "main read_frame write_frame",
        "endpoint_events": "Events.next_due Events.take_due",
        "errors": "not_simulated",
        "fleet": "Fleet.hold Fleet.let_go",
        "lifecycle": "Lifecycle.begin Lifecycle.cancel Lifecycle.catch_up Lifecycle.next_due",
        "loading": "Echo.answer Echo.stop Loader.serve Server.answer Server.stop setting_of "
        "Storage.list_keys Storage.read Storage.write",
        "model_server": "ModelServer.stop",
        "replicas": "Table.read_stale Table.scan_current",
        "rollout": "Rollout.due Rollout.stage",
        "settings": "Fault",
        "store": "Store.arn Store.has Store.moment Store.tags_of Store.write_tags",
        "validation": "check_answer method_name model operation",
        "variants": "all_variants containers",
    }.items()
    for name in names.split()
}
"""Public names of the other modules that imitate nothing either: they keep what the imitation needs."""

REFUSALS = {"BrokenModelError", "ModelError", "ServiceError", "invalid", "refused"}
"""What is called to refuse in words of the service; `errors` holds what is always said in the same words."""


def statuses() -> set[str]:
    """Return the statuses of endpoints and variants."""
    shapes: Any = model("sagemaker")
    return {status for name in ("EndpointStatus", "VariantStatus") for status in shapes.shape_for(name).enum}


def definitions(node: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield the classes and functions below a node, but for what is defined within functions, with their names."""
    for each in node.body:
        if isinstance(each, (ast.ClassDef, ast.FunctionDef)):
            yield f"{prefix}.{each.name}", each
            if isinstance(each, ast.ClassDef):
                yield from definitions(each, f"{prefix}.{each.name}")


def is_behaviour(node: Any) -> bool:
    """Return whether somebody outside the simulator can see what a definition does.

    That is every function that is public, that refuses, or that brings something from status to status; and every class
    that has nothing but figures.
    """
    if isinstance(node, ast.ClassDef):
        values = [each.value for each in node.body if isinstance(each, ast.AnnAssign)]
        has_figures = any(isinstance(each, ast.Constant) and isinstance(each.value, float) for each in values)
        return has_figures and not any(isinstance(each, ast.FunctionDef) for each in node.body)
    parts = [each for each in ast.walk(node) if each is not node]
    names = {each.func.id for each in parts if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)}
    texts = {each.value for each in parts if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return not node.name.startswith("_") or bool(names & REFUSALS or texts & statuses())


def behaviours() -> dict[str, str]:
    """Return the docstring of each behaviour of the modules that imitate the service, by name."""
    found = {}
    for path in sorted((ROOT / "local" / "simulator").glob("*.py")):
        if path.stem not in OWN:
            named = dict(definitions(ast.parse(path.read_text()), path.stem))
            for name, node in named.items():
                if is_behaviour(node):
                    documented = named[name.removesuffix(".__init__")]
                    found[name] = " ".join((ast.get_docstring(documented) or "").split())
    return found


BEHAVIOURS = behaviours()
UNMADE: Any = None  # acts and events of a trial that has not run
TRIED = {each.about for each in [*RECORDS, *endpoint_assumptions(UNMADE, UNMADE), *weight_assumptions(UNMADE)]}
NOT_TRIED = {each.about for each in UNTRIED}


@pytest.mark.parametrize("name", sorted(BEHAVIOURS.keys() - MECHANICS))
def test_behaviour_of_the_simulator_names_its_source(name: str) -> None:
    """An assumption names what `make trial` compares with it, or lists as not tried."""
    docstring = BEHAVIOURS[name]

    assert re.search(r"\b(Source|Assumed): ", docstring), docstring
    assert docstring.count("Assumed: ") == len(re.findall(r'Assumed: [^()]* \(trial: "', docstring)), docstring


def test_assumptions_stand_in_the_trial() -> None:
    clauses = [clause for text in BEHAVIOURS.values() for clause in re.findall(r"\(trial: ([^)]*)\)", text)]

    named = {about for clause in clauses for about in re.findall(r'"([^"]+)"', clause)}

    assert named - TRIED - NOT_TRIED == set()
    assert NOT_TRIED - named == set()


def test_nothing_is_excused_in_vain() -> None:
    modules = {path.stem for path in (ROOT / "local" / "simulator").glob("*.py")}

    assert modules >= OWN
    assert BEHAVIOURS.keys() >= MECHANICS
    assert [name for name in MECHANICS if "Source: " in BEHAVIOURS[name]] == []


def test_each_message_of_the_service_names_its_source() -> None:
    """The errors that the classification is tested with were seen by somebody."""
    lines = (ROOT / "tests" / "unit" / "sagemaker_errors.jsonl").read_text().splitlines()

    assert [line for line in lines if not json.loads(line).get("source")] == []
