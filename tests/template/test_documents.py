"""The documents say what is true of the code: names, defaults, permissions, links, paths, example and picture."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from deployer import errors
from deployer.json_document import Document
from deployer.outcome import Outcome
from deployer.request.model import read_request
from tests.template.shipped import ROOT, allowed_to, functions_of, reachable

if TYPE_CHECKING:
    from pathlib import Path


README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
LINES = 215
FOLDERS = ("functions/", "docs/", "endpoint_deployer/", "tests/", "statemachine/", "local/")

every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def fenced(text: str, language: str) -> str:
    """Return the content of the first code block in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, language
    return found[1]


def prose(path: Path) -> str:
    """Return a document without its code blocks."""
    return re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)


def in_code(text: str) -> set[str]:
    """Return everything in backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of a document's tables by the name in their first cell."""
    tables = re.findall(r"^\| `(\w+)` \|(.*)\|$", text, re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in tables}


def section(text: str, heading: str) -> str:
    """Return what stands below a heading, up to the next one of its level."""
    level, _, _ = heading.partition(" ")
    return text.partition(f"\n{heading}\n")[2].partition(f"\n{level} ")[0]


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leaves(group: type[Exception]) -> set[str]:
    """Name the leaves below a group of errors that belong to the vocabulary."""
    below = [error for error in group.__subclasses__() if error.__module__ == errors.__name__]
    return {group.__name__} if not below else set().union(*map(leaves, below))


def test_readme_is_short() -> None:
    """Its length is five minutes of reading at most."""
    assert len(README.splitlines()) < LINES


def test_configuration_names_the_parameters_with_their_defaults(template: Document) -> None:
    """The table has a row for each parameter, in the template's order, and nothing besides."""
    table = rows(CONFIGURATION)
    expected = {
        name: f"`{parameter['Default']}`" if parameter["Default"] != "" else "none"
        for name, parameter in template["Parameters"].items()
    }

    assert {name: cells[0] for name, cells in table.items()} == expected
    assert list(table) == list(expected)


def test_readme_names_only_parameters_that_exist(template: Document) -> None:
    """Its table says which of them one needs for what."""
    named = in_code(section(README, "## Configuration"))

    assert named
    assert named <= set(template["Parameters"])


def test_readme_names_the_outcomes_with_their_status(definition: Document) -> None:
    """The table has a row for each outcome, and says whether its execution succeeds."""
    words = {"Succeed": "succeeded", "Fail": "failed"}

    table = rows(section(README, "## Outcomes"))

    assert {name: cells[0] for name, cells in table.items()} == {
        outcome: words[definition["States"][outcome]["Type"]] for outcome in Outcome
    }


def test_readme_names_the_targets_of_make() -> None:
    """Each target that has a help text can be found in README."""
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z][a-z-]*):.*## ", makefile, re.MULTILINE)

    assert len(targets) > 1
    for target in targets:
        assert f"make {target}" in README, target


def test_readme_draws_states_and_how_they_follow(definition: Document) -> None:
    """The picture has few boxes, all of them states or what starts them, and its arrows are ways through them."""
    arrows = {
        (before, after)
        for line in fenced(README, "mermaid").splitlines()
        for left, right in pairwise(re.split(r"-->(?:\|[^|]*\|)?", line))
        for before in boxes(left)
        for after in boxes(right)
    }
    drawn = {name for arrow in arrows for name in arrow}
    states = {name for name in drawn if name[0].isupper()}
    following = {name: reachable(definition["States"], name) for name in states & set(definition["States"])}

    assert len(drawn) <= 12
    assert states <= set(definition["States"])
    assert {(before, after) for before, after in arrows if before in states and after not in following[before]} == set()


def boxes(text: str) -> list[str]:
    """Name the boxes in a part of a picture, without their labels."""
    return re.findall(r"\w+", re.sub(r"\(\[.*?\]\)|\[.*?\]|\{.*?\}", "", text))


def test_the_example_is_accepted() -> None:
    """The request in README is right, and editors find it so, too."""
    document = yaml.safe_load(fenced(README, "yaml"))
    schema = json.loads((ROOT / "docs" / "deployment.schema.json").read_text())

    request = read_request(document)

    assert request.endpoint_name == document["EndpointName"]
    jsonschema.validate(document, schema)


def test_documents_name_every_sample() -> None:
    """The documents name each sample event by its path."""
    named = {name for path in DOCUMENTS for name in in_code(path.read_text()) if name.startswith("tests/events/")}

    assert named == {f"tests/events/{path.name}" for path in (ROOT / "tests" / "events").glob("*.json")}


def test_operations_describe_every_outcome_and_error(definition: Document) -> None:
    """Each outcome, each further end and each error that the state machine may see has its row or its word."""
    ends = {name for name, state in definition["States"].items() if state["Type"] in {"Succeed", "Fail"}}

    assert set(rows(section(OPERATIONS, "## Outcomes"))) == set(Outcome)
    assert ends <= in_code(OPERATIONS)
    assert set(rows(section(OPERATIONS, "## Errors"))) == leaves(errors.DeployerError)


def test_operations_describe_every_alarm(resources: Document) -> None:
    """Each alarm has its row with the next step."""
    alarms = {
        name
        for name, resource in resources.items()
        if resource["Type"] in {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}
    }

    assert set(rows(section(OPERATIONS, "## Alarms"))) == alarms


def test_operations_list_the_permissions_of_each_function(resources: Document) -> None:
    """The table of permissions has each action of a role, and no other; logs and traces go without saying."""
    table = rows(section(OPERATIONS, "## Permissions"))
    documented = {name: {word for word in in_code(" ".join(cells)) if ":" in word} for name, cells in table.items()}

    assert documented == {name: allowed_to(resources, name) for name in functions_of(resources)}


@every_document
def test_links_lead_somewhere(path: Path) -> None:
    """Each link within the repository leads to a file, and its anchor to a heading."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        linked = (path.parent / target).resolve() if target else path

        assert linked.exists(), link
        assert not anchor or anchor in anchors(linked), link


@every_document
def test_paths_exist(path: Path) -> None:
    """Each path of the repository that is named in backticks is there."""
    for name in in_code(prose(path)):
        if name.startswith(FOLDERS):
            assert (ROOT / name).exists(), name


def test_layers_table_has_each_module() -> None:
    """Each row leads to files or folders, so that who has never seen the project finds it in two steps."""
    table = section((ROOT / "CONTRIBUTING.md").read_text(), "## Where things are")
    rows_of_table = re.findall(r"^\| (?!you look for)(\w.*?) \| (.*) \|$", table, re.MULTILINE)

    assert len(rows_of_table) > 10
    for subject, where in rows_of_table:
        assert in_code(where), subject
        assert all((ROOT / path).exists() for path in in_code(where)), subject


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_decisions_are_listed_and_have_one_form(path: Path) -> None:
    """A decision has its context, itself and its consequences, and a line in the list."""
    index = (path.parent / "README.md").read_text()
    text = path.read_text()
    title = text.splitlines()[0].partition(". ")[2]

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert f"- [{path.stem[:4]}]({path.name}) {title}\n" in index


def test_glossary_has_each_word_once_in_alphabetical_order() -> None:
    words = re.findall(r"^\| (?!word \|)(\w[^|]*?) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)

    assert len(words) > 40
    assert words == sorted(set(words), key=str.lower)
