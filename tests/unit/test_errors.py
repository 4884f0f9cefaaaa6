"""The error tree, and the bound of its messages."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import errors
from deployer.errors import MESSAGE_BYTES, DeployerError, bounded

FUNCTIONS = Path(__file__).parents[2] / "functions"


def leaves(error: type[DeployerError] = DeployerError) -> list[type[DeployerError]]:
    """List the errors of the module that have no subclasses; only these are raised."""
    below = [each for each in error.__subclasses__() if each.__module__ == errors.__name__]
    return [leaf for each in below for leaf in leaves(each)] or [error]


def constructed_names(path: Path) -> set[str]:
    """Name what a module calls; of those with the error tree and its meanings, all that stands in their expressions."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    if path.name in {"errors.py", "classification.py"}:
        bases = {base for node in nodes if isinstance(node, ast.ClassDef) for base in node.bases}
        return {node.id for node in nodes if isinstance(node, ast.Name) and node not in bases}
    return {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def test_every_error_name_is_used() -> None:
    used = set().union(*map(constructed_names, FUNCTIONS.rglob("*.py")))

    assert {leaf.__name__ for leaf in leaves()} - used == set()


def test_every_error_belongs_to_one_group() -> None:
    """The group says what the state machine does about it."""
    groups = {leaf: [each for each in DeployerError.__subclasses__() if issubclass(leaf, each)] for leaf in leaves()}

    assert all(len(found) == 1 and found != [leaf] for leaf, found in groups.items())


@pytest.mark.parametrize(
    ("leaf", "group"),
    [
        (errors.CopyUnfinishedError, errors.TransientError),
        (errors.StepFunctionsUnavailableError, errors.TransientError),
        (errors.PermissionNotReadyError, errors.TransientError),
        (errors.ArtifactMissingError, errors.PermanentError),
        (errors.LiveConfigMissingError, errors.PermanentError),
    ],
)
def test_error_shows_whether_a_retry_can_help(leaf: type[DeployerError], group: type[DeployerError]) -> None:
    assert issubclass(leaf, group)


def size(message: str) -> int:
    """Count the bytes of a message in JSON."""
    return len(json.dumps(message))


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("", id="empty"),
        pytest.param("Models.m: is used by no variant", id="one line"),
        pytest.param("a: is missing\nb: is missing", id="two lines"),
        pytest.param("x" * (MESSAGE_BYTES - 2), id="as long as it may be"),
        pytest.param("\n" * ((MESSAGE_BYTES - 2) // 2), id="as many lines as there may be"),
    ],
)
def test_short_message_is_not_cut(message: str) -> None:
    assert str(DeployerError(message)) == message


CHARACTERS = {"one byte": "x", "a quote": '"', "a tab": "\t", "six bytes": "ü", "twelve bytes": "😀"}
"""Characters by the bytes that they take in JSON."""


@pytest.mark.parametrize("line", [each * 12 for each in CHARACTERS.values()], ids=CHARACTERS)
def test_message_of_many_lines_keeps_whole_lines_and_counts_the_others(line: str) -> None:
    lines = [f"{number:04d} {line}" for number in range(1000)]

    *kept, last = bounded("\n".join(lines)).split("\n")

    assert kept == lines[: len(kept)]
    assert last == f"and {1000 - len(kept)} more"
    assert 0.8 * MESSAGE_BYTES < size("\n".join([*kept, last])) <= MESSAGE_BYTES


@pytest.mark.parametrize("character", CHARACTERS.values(), ids=CHARACTERS)
def test_message_of_one_huge_line_keeps_as_much_of_it_as_fits(character: str) -> None:
    message = bounded(character * 200_000)

    assert message == character * (len(message) - 1) + "…"
    assert MESSAGE_BYTES - 100 < size(message) <= MESSAGE_BYTES


def test_message_whose_first_line_is_huge_counts_the_lines_after_it() -> None:
    cut, last = bounded("\n".join(["😀" * 9000, "b", "c"])).split("\n")

    assert cut.endswith("😀…")
    assert last == "and 2 more"


def test_message_whose_second_line_is_huge_ends_before_it() -> None:
    assert bounded("a: is missing\n" + "x" * 9000) == "a: is missing\nand 1 more"


@given(
    lines=st.lists(st.text(max_size=40), max_size=6),
    times=st.integers(1, 4000),
    error=st.sampled_from(leaves()),
)
def test_no_message_is_larger_than_its_bound(lines: list[str], times: int, error: type[DeployerError]) -> None:
    whole = "\n".join(each * times for each in lines)

    message = str(error(whole))

    assert size(message) <= MESSAGE_BYTES
    assert (message == whole) == (size(whole) <= MESSAGE_BYTES)
