"""The trial of an account, run against local AWS by the code that runs it on AWS."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from local.trial.assumption import Assumption, compare
from local.trial.run import run_trial
from local.trial.site import Site

if TYPE_CHECKING:
    from local.aws.stack import Stack
    from local.simulator import Settings

NAME = "trial-Local"


@pytest.fixture
def site(stack: Stack, image: str, quick: Settings) -> Site:
    """The stack on local AWS as a trial sees it; changes take so long that each status is noticed."""
    stack.server.control.settings = replace(quick, create_seconds=100.0, update_seconds=100.0, scale_seconds=100.0)
    return Site(
        clients=stack.server.client,
        bucket=stack.outputs.artifact_bucket,
        state_machine=stack.outputs.state_machine_arn,
        role=stack.outputs.execution_role_arn,
        event_bus=stack.outputs.event_bus,
        image=image,
        instance_type="ml.t2.medium",
        name=NAME,
        patience=120.0,
    )


def test_trial_on_local_aws_confirms_the_assumptions_and_leaves_nothing(stack: Stack, site: Site) -> None:
    """The acts end as they should, each assumption holds for the simulator, and all that was made is removed."""
    said: list[str] = []

    report = run_trial(site, said.append)

    assert report.failure == ""
    assert report.different == []
    assert report.left == []
    assert len(report.rows) > 30
    assert {row.verdict for row in report.rows} == {"as assumed", "measured"}
    assert "| DescribeModel of nothing |" in report.markdown()
    assert "| not tried: " in report.markdown()
    assert len(said) == 3
    assert not any(name.startswith(NAME) for names in stack.server.control.resources().values() for name in names)
    listed = stack.server.client("s3").list_object_versions(Bucket=site.bucket, Prefix=f"models/{NAME}/")
    assert "Versions" not in listed
    assert not any(NAME in url for url in stack.server.client("sqs").list_queues().get("QueueUrls", []))


def test_account_that_does_otherwise_is_reported(site: Site) -> None:
    """The report has assumption and observation side by side, also for an error."""
    other = compare(site, Assumption("a", "x", lambda _: "y"))
    failed = compare(site, Assumption("b", "x", lambda _: str(dict[str, str]()["x"])))

    assert (other.seen, other.verdict) == ("y", "DIFFERENT")
    assert (failed.seen, failed.verdict) == ("KeyError: 'x'", "DIFFERENT")
