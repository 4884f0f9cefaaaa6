"""The settings that the template passes to PlanDeployment."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from deployer.json_document import Document
from deployer.planning.revision import Defaults
from deployer.planning.settings import Settings
from deployer.planning.triggers import UploadLocation

ROLE = "arn:aws:iam::111122223333:role/r"
ENVIRONMENT = {
    "ACCOUNT_ID": "111122223333",
    "STACK_NAME": "test",
    "ARTIFACT_BUCKET": "artifacts",
    "ARTIFACT_PREFIX": "models/",
    "EXECUTION_ROLE_ARN": ROLE,
}


def settings(monkeypatch: pytest.MonkeyPatch, **changed: str) -> Settings:
    """Read the settings of an environment."""
    for name, value in {**ENVIRONMENT, **changed}.items():
        monkeypatch.setenv(name, value)
    return Settings.from_environment()


def test_own_bucket_and_role_are_always_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    allowances = settings(
        monkeypatch,
        ALLOWED_BUCKET_ARNS="arn:aws:s3:::data, arn:aws:s3:::more",
        ALLOWED_ROLE_ARNS="arn:aws:iam::111122223333:role/other",
        ALLOWED_IMAGES="registry/*",
        ALLOW_NEWER_VALUES="true",
    ).allowances

    assert allowances.buckets == ("artifacts", "data", "more")
    assert allowances.role_patterns == (ROLE, "arn:aws:iam::111122223333:role/other")
    assert allowances.image_patterns == ("registry/*",)
    assert allowances.open_enums


def test_keys_and_instances_are_limited_as_the_parameters_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack's own default of the instance type is allowed, as its own role and bucket are."""
    key = "arn:aws:kms:us-east-1:111122223333:key/1"
    allowances = settings(
        monkeypatch,
        ALLOWED_KMS_KEY_ARNS=key,
        ALLOWED_INSTANCE_TYPES="ml.g5.*, ml.g6.*",
        DEFAULT_INSTANCE_TYPE="ml.m5.large",
        MAX_INSTANCE_COUNT="4",
    ).allowances

    assert allowances.kms_keys == (key,)
    assert allowances.instance_patterns == ("ml.g5.*", "ml.g6.*", "ml.m5.large")
    assert allowances.most_instances == 4


def test_default_instance_type_limits_nothing_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch, DEFAULT_INSTANCE_TYPE="ml.m5.large").allowances.instance_patterns == ()


def test_empty_lists_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """CloudFormation joins an empty list to an empty text."""
    allowances = settings(monkeypatch, ALLOWED_BUCKET_ARNS="", ALLOWED_ROLE_ARNS="", ALLOWED_IMAGES="").allowances

    assert (allowances.buckets, allowances.role_patterns, allowances.image_patterns) == (("artifacts",), (ROLE,), ())


def test_unset_settings_have_the_defaults_of_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(monkeypatch)

    periods = (found.poll_interval_seconds, found.deployment_timeout_seconds)
    assert (found.copy_artifacts, *periods) == ("uploads", 30, 7200)
    assert (found.defaults, found.allowances.open_enums) == (Defaults(ROLE), False)


def test_defaults_of_requests_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(
        monkeypatch, DEFAULT_IMAGE="registry/a:1", DEFAULT_INSTANCE_TYPE="ml.m5.large", DEFAULT_INSTANCE_COUNT="2"
    )

    assert found.defaults == Defaults(ROLE, "registry/a:1", "ml.m5.large", 2)


def test_uploads_are_expected_below_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings(monkeypatch).upload_location == UploadLocation("artifacts", "models/", "111122223333")


@pytest.mark.parametrize("value", ["uploads", "all", "none"])
def test_copies_are_made_by_the_parameter(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert settings(monkeypatch, COPY_ARTIFACTS=value).copy_artifacts == value


@pytest.mark.parametrize("changed", [{"COPY_ARTIFACTS": "some"}, {"POLL_INTERVAL_SECONDS": "soon"}], ids=str)
def test_setting_that_the_template_cannot_have_set_is_refused(
    monkeypatch: pytest.MonkeyPatch, changed: Document
) -> None:
    with pytest.raises(ValidationError):
        settings(monkeypatch, **changed)


def test_setting_that_is_missing_has_the_default_of_its_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those of the template's parameters."""
    found = settings(monkeypatch).model_dump(exclude={name.lower() for name in ENVIRONMENT})

    assert {name: value for name, value in found.items() if value not in {"", (), 0}} == {
        "copy_artifacts": "uploads",
        "model_package_groups": ("*",),
        "default_instance_count": 1,
        "poll_interval_seconds": 30,
        "deployment_timeout_seconds": 7200,
        "retained_revisions": 3,
    }
