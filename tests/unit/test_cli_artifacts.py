"""The artifact that `plan` and `deploy` work with: a file, one that is uploaded, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from endpoint_deployer import request_file
from endpoint_deployer.aws.artifacts import Artifacts
from endpoint_deployer.commands import deployments
from endpoint_deployer.errors import CommandError
from endpoint_deployer.view.preview import preview_lines
from tests.unit.command_stack import BUCKET, moto_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REQUEST = {"EndpointName": "churn", "Models": {"m": {"PrimaryContainer": {}}}}
PREVIEW: dict[str, Any] = {
    "Action": "Confirm", "Creates": {"Models": ["churn-m-1"], "EndpointConfig": "churn-2", "Endpoint": None},
    "Copies": [], "Changes": [], "ChangesLeftOut": 0, "Instances": [], "Guardrails": None, "SmokeTest": False,
    "WayBack": None, "Sweepable": [], "Warnings": [],
}  # fmt: skip


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A stack with an empty artifact bucket, and no endpoint."""
    with moto_stack(monkeypatch) as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An artifact on the developer's disk."""
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"weights")
    return path


def test_file_is_uploaded_once_under_a_key_of_its_content(stack: Any, file: Path) -> None:
    artifacts = Artifacts(stack, "churn")
    first = artifacts.of_file(file)

    artifacts.upload(first)

    again = artifacts.of_file(file)
    assert (first.is_uploaded, again.is_uploaded) == (False, True)
    assert first.uri == again.uri == artifacts.known()
    assert first.uri.startswith(f"s3://{BUCKET}/deployments/churn/")
    assert stack.client("s3").get_object(Bucket=BUCKET, Key=first.key)["Body"].read() == b"weights"


def test_missing_file_and_prefix_that_would_start_a_deployment_are_refused(stack: Any, file: Path) -> None:
    with pytest.raises(CommandError, match="there is no such file"):
        Artifacts(stack, "churn").of_file(file.with_name("missing.tar.gz"))
    stack.prefix = "deployments/"
    with pytest.raises(CommandError, match="upload it yourself"):
        Artifacts(stack, "churn").of_file(file)


def test_plan_takes_the_uploaded_object_of_a_file(stack: Any, file: Path) -> None:
    """It is what `deploy` takes, so the plan is exact."""
    artifacts = Artifacts(stack, "churn")
    artifacts.upload(artifacts.of_file(file))
    found = artifacts.of_file(file)

    planned = deployments._with_artifact(stack, REQUEST, found)

    assert planned["Models"]["m"]["PrimaryContainer"] == {"ModelDataUrl": found.uri}


def test_plan_of_a_first_deployment_needs_no_upload(stack: Any, file: Path) -> None:
    planned = deployments._with_artifact(stack, REQUEST, Artifacts(stack, "churn").of_file(file))

    assert planned["Models"]["m"]["PrimaryContainer"] == {"ModelDataUrl": None}


def test_file_that_is_not_uploaded_yet_is_a_change(stack: Any, file: Path) -> None:
    """The preview without the artifact finds nothing to do; its names change with the artifact."""
    preview = deployments._with_upload(PREVIEW, Artifacts(stack, "churn").of_file(file))

    lines = "\n".join(preview_lines("churn", preview))

    assert "would be updated" in lines
    assert f"{file} (0.0 MB), for which a model and a config are created" in lines
    assert "churn-2" not in lines
    assert [each["Bytes"] for each in preview["Uploads"]] == [7]


def test_request_without_any_artifact_names_the_ways_out(stack: Any) -> None:
    with pytest.raises(CommandError, match=r"--artifact model\.tar\.gz\), or write ModelDataUrl: null"):
        deployments._with_artifact(stack, REQUEST)


def test_folder_without_manifest_and_artifact_is_refused(tmp_path: Path) -> None:
    """A wrong folder would otherwise deploy the newest upload of an endpoint of its name."""
    with pytest.raises(CommandError, match=r"has neither a deployment\.yaml nor a model\.tar\.gz"):
        request_file.read_request(tmp_path, None)
    assert request_file.read_request(tmp_path, None, has_artifact=True) == {"EndpointName": tmp_path.name}
