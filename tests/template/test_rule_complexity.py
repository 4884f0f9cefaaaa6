"""EventBridge takes the rules: it refuses one whose wildcards are too complex, which no local AWS does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deployer.json_document import Document

MOST_COMPLEX = 9
"""The highest complexity that is known to be taken.

The limit is not published (EventBridge User Guide, "Wildcards and event pattern complexity"). Three patterns like
`*:stack/A/*` were taken, four refused as too complex (vals-ai/Valkyrie, pull request 278): 9 and 12.
"""


def complexity(patterns: list[str]) -> int:
    """Return how many beginnings of wildcard patterns one value can match at most.

    This is the measure of EventBridge's own matcher (aws/event-ruler, `MachineComplexityEvaluator`). A state is a
    pattern and how many of its characters are matched; the quotation marks of a value belong to it.
    """
    quoted = [f'"{pattern}"' for pattern in patterns]
    characters = {character for pattern in quoted for character in pattern} - {"*"} | {"\0"}

    def after(states: frozenset[tuple[str, int]], character: str) -> Iterator[tuple[str, int]]:
        for pattern, length in states:
            if length and pattern[length - 1] == "*":
                yield pattern, length
            if pattern[length : length + 1] == character:
                yield pattern, length + 1
                if pattern[length + 1 : length + 2] == "*":
                    yield pattern, length + 2
            if pattern[length : length + 1] == "*":
                yield pattern, length + 1

    start = frozenset((pattern, 0) for pattern in quoted)
    seen, to_do = {start}, [start]
    while to_do:
        states = to_do.pop()
        new = {frozenset(after(states, character)) for character in characters} - seen
        seen |= new
        to_do += new
    return max(map(len, seen - {start}), default=0)


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["abc"], 1),
        (["*ab"], 2),
        (["a*bbb"], 4),
        (["*ab*ad"], 4),
        (["a*aaa", "aa*aa"], 7),
        (["*a*a*a*a*a*a*a*a*"], 17),
        ([f"*:stack/{name}/*" for name in "ABC"], 9),
        ([f"*:stack/{name}/*" for name in "ABCD"], 12),
    ],
    ids=str,
)
def test_complexity_is_that_of_the_matcher(patterns: list[str], expected: int) -> None:
    """The first cases are those of `MachineComplexityEvaluatorTest`."""
    assert complexity(patterns) == expected


def wildcards(pattern: object) -> Iterator[list[str]]:
    """Yield the wildcard patterns of each field of an event pattern."""
    if isinstance(pattern, dict):
        for value in pattern.values():
            yield from wildcards(value)
    elif isinstance(pattern, list):
        values = [each["wildcard"] for each in pattern if isinstance(each, dict) and "wildcard" in each]
        yield [value if isinstance(value, str) else value["Fn::Sub"] for value in values]


def test_no_rule_is_too_complex_for_eventbridge(template: Document) -> None:
    resources = template["Resources"].values()
    rules = [each["Properties"] for each in resources if each["Type"] == "AWS::Events::Rule"]

    measured = [complexity(patterns) for rule in rules for patterns in wildcards(rule.get("EventPattern")) if patterns]

    assert max(measured) <= MOST_COMPLEX
    assert len(measured) >= 3
