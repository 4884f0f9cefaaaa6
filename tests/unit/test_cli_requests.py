"""The request in a file that a command reads, and the artifact that it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from endpoint_deployer import request_file
from endpoint_deployer.errors import CommandError

if TYPE_CHECKING:
    from pathlib import Path

URI = "s3://bucket/deployments/churn/1/model.tar.gz"


def write(folder: Path, text: str, name: str = "deployment.yaml") -> Path:
    """Write a manifest."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["deployment.yaml", "deployment.yml", "deployment.json"])
def test_folder_means_the_manifest_in_it(tmp_path: Path, name: str) -> None:
    write(
        tmp_path,
        '{"EndpointName": "churn", "Tags": {"since": 2026-01-01}}'
        if "json" not in name
        else '{"EndpointName": "churn"}',
        name,
    )

    found = request_file.read_request(tmp_path, None)

    assert found["EndpointName"] == "churn"
    assert found.get("Tags") in (None, {"since": "2026-01-01"})


def test_endpoint_is_named_by_the_manifest_the_option_or_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "churn"
    folder.mkdir()
    named, unnamed = write(folder, "EndpointName: a"), write(folder, "Tags: {}", "other.yaml")

    assert request_file.read_request(named, None)["EndpointName"] == "a"
    assert request_file.read_request(unnamed, "b")["EndpointName"] == "b"
    assert request_file.read_request(unnamed, None)["EndpointName"] == "churn"


@pytest.mark.parametrize(
    ("text", "endpoint", "message"),
    [
        pytest.param("EndpointName: a", "b", "names the endpoint 'a', and --endpoint says 'b'", id="contradiction"),
        pytest.param("a: [", None, "is not YAML", id="no YAML"),
        pytest.param("- a", None, "must be a mapping", id="a list"),
        pytest.param("a: 1\na: 2", None, "has the key 'a' twice", id="a key twice"),
    ],
)
def test_wrong_manifest_is_refused_by_name(tmp_path: Path, text: str, endpoint: str | None, message: str) -> None:
    path = write(tmp_path, text)

    with pytest.raises(CommandError) as refused:
        request_file.read_request(path, endpoint)

    assert str(path) in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("target", "is_path"),
    [("churn", True), ("code", False), ("fraud", False), ("code/", True), (".", True), ("new.yaml", True)],
)
def test_folder_without_files_to_deploy_means_an_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, *, is_path: bool
) -> None:
    for folder in ("churn", "code"):
        (tmp_path / folder).mkdir()
    write(tmp_path / "churn", "{}")
    write(tmp_path, "", "model.tar.gz")
    monkeypatch.chdir(tmp_path)

    assert request_file.is_path(target) == is_path


def test_missing_path_and_other_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="there is no such file or folder"):
        request_file.read_request(tmp_path / "missing", None)
    with pytest.raises(CommandError, match="is not a manifest"):
        request_file.read_request(write(tmp_path, "", "model.bin"), None)


@pytest.mark.parametrize(
    ("models", "filled"),
    [
        pytest.param({"m": {}}, {"m": {"PrimaryContainer": {"ModelDataUrl": URI}}}, id="no container"),
        pytest.param(
            {"m": {"PrimaryContainer": {"Image": "i"}}, "n": {"PrimaryContainer": {"ModelDataUrl": None}}},
            {
                "m": {"PrimaryContainer": {"Image": "i", "ModelDataUrl": URI}},
                "n": {"PrimaryContainer": {"ModelDataUrl": None}},
            },
            id="one of two models",
        ),
        pytest.param(
            {"m": {"Containers": [{"ModelPackageName": "p"}, {"Image": "i"}]}},
            {"m": {"Containers": [{"ModelPackageName": "p"}, {"Image": "i", "ModelDataUrl": URI}]}},
            id="one of two containers",
        ),
    ],
)
def test_container_without_model_data_gets_the_artifact(models: Any, filled: Any) -> None:
    request = {"EndpointName": "churn", "Models": models}

    assert request_file.lacks_data(request)
    assert request_file.with_artifact(request, URI)["Models"] == filled
    assert "ModelDataUrl" not in str(models.get("m"))


def test_request_without_models_gets_the_default_one_with_the_artifact() -> None:
    assert not request_file.lacks_data({"EndpointName": "churn"})
    assert request_file.with_artifact({"EndpointName": "churn"}, URI)["Models"] == {
        "model": {"PrimaryContainer": {"ModelDataUrl": URI}}
    }


@pytest.mark.parametrize(
    ("request_document", "message"),
    [
        pytest.param(
            {"Models": {"m": {"Containers": [{}, {}]}}}, r"Models\.m\.Containers\[0\]\.ModelDataUrl", id="two"
        ),
        pytest.param(
            {"Models": {"m": {"PrimaryContainer": {"ModelDataUrl": "s3://x"}}}}, "no container that", id="none"
        ),
        pytest.param(
            {"EndpointConfig": {"ProductionVariants": [{"ModelName": "x"}]}}, "no container that", id="models of others"
        ),
    ],
)
def test_artifact_that_fits_no_container_is_refused(request_document: Any, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        request_file.with_artifact({"EndpointName": "churn", **request_document}, URI)
