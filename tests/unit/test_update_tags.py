"""UpdateTags: whose tags win, and what has none to change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import update_tags
from deployer.planning.plan import Action
from deployer.planning.tag_record import TagRecord
from deployer.tags import STACK_TAG, TAGS_TAG
from tests.unit.lambda_context import lambda_context
from tests.unit.planning_samples import STACK, at, event_of, plan

if TYPE_CHECKING:
    import pytest

    from deployer.json_document import Document
    from deployer.planning.plan import Plan

ARN = "arn:aws:sagemaker:us-east-1:111122223333:"
ENDPOINT, CONFIG = f"{ARN}endpoint/churn", f"{ARN}endpoint-config/old"


@dataclass
class TaggedAccount:
    """SageMaker: what bears which tags.

    Attributes:
        tags: By ARN.
        models: Names of the models that are there.
        calls: The tags that were set and removed, by ARN.
    """

    tags: dict[str, dict[str, str]]
    models: set[str] = field(default_factory=set)
    calls: list[tuple[str, object]] = field(default_factory=list)

    def describe_endpoint(self, _name: str) -> Document:
        """Describe the endpoint."""
        return {"EndpointArn": ENDPOINT}

    def find_model(self, name: str) -> Document | None:
        """Describe a model; None if it is gone."""
        return {"ModelArn": f"{ARN}model/{name}"} if name in self.models else None

    def tags_of(self, arn: str) -> dict[str, str]:
        """Return the tags."""
        return self.tags.get(arn, {})

    def add_tags(self, arn: str, tags: dict[str, str]) -> None:
        """Set tags."""
        self.calls.append((arn, tags))

    def delete_tags(self, arn: str, keys: list[str]) -> None:
        """Take tags off."""
        self.calls.append((arn, keys))


def update(monkeypatch: pytest.MonkeyPatch, account: TaggedAccount, made: Plan) -> Any:
    """Run the step."""
    monkeypatch.setattr(update_tags, "sagemaker", lambda _plan: account)
    return update_tags.handler(event_of(made), lambda_context("update_tags"))["Tagged"]


def retag(minutes: float = 0, action: Action = Action.UPDATE_TAGS, **tags: str) -> Plan:
    """Build the plan of a request for other tags."""
    return plan("a", minutes, action, Tags=tags, previous="old", previous_arn=CONFIG)


def recorded(made: Plan) -> dict[str, str]:
    """Build the tags of what a plan has tagged."""
    return {STACK_TAG: STACK, TAGS_TAG: made.tag_record.text, **made.request["Tags"]}


def test_endpoint_models_and_config_get_the_tags_in_this_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tag that only the request before has set is removed; the config gets the record."""
    before, wanted = retag(-10, team="old", cost="7"), retag(team="new")
    (model,) = wanted.model_names.values()
    arns = [ENDPOINT, f"{ARN}model/{model}", CONFIG]
    account = TaggedAccount({arn: recorded(before) for arn in arns}, {model})

    assert update(monkeypatch, account, wanted) == arns
    assert account.calls == [
        (ENDPOINT, ["cost"]),
        (ENDPOINT, {"team": "new"}),
        (arns[1], ["cost"]),
        (arns[1], {"team": "new"}),
        (CONFIG, ["cost"]),
        (CONFIG, {"team": "new", TAGS_TAG: wanted.tag_record.text}),
    ]


def test_older_request_changes_no_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    account = TaggedAccount({arn: recorded(retag(10, team="newer")) for arn in (ENDPOINT, CONFIG)})

    assert update(monkeypatch, account, retag(team="older")) == []
    assert account.calls == []


def test_deleted_model_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    account = TaggedAccount({arn: recorded(retag(-10, team="old")) for arn in (ENDPOINT, CONFIG)})

    assert update(monkeypatch, account, retag(team="new")) == [ENDPOINT, CONFIG]


def test_deployment_tags_the_endpoint_and_its_models_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own config has the tags from the beginning, and the config before keeps its own."""
    account = TaggedAccount({arn: recorded(retag(-10, team="old")) for arn in (ENDPOINT, CONFIG)})

    assert update(monkeypatch, account, retag(action=Action.UPDATE, team="new")) == [ENDPOINT]


def test_resource_with_the_wanted_tags_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    made = retag(action=Action.UPDATE, team="new")
    account = TaggedAccount({ENDPOINT: recorded(made), CONFIG: {}})

    assert update(monkeypatch, account, made) == []
    assert account.calls == []


def test_record_of_an_unknown_time_is_replaced() -> None:
    assert retag(team="new").tag_record.replaces(TagRecord.parse(""))
    assert at(0).strftime("%Y%m%dT%H%M%S") == retag(team="new").tag_record.requested_at
