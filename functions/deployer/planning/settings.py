"""The settings that the template passes to PlanDeployment in environment variables."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from deployer.json_document import Document
from deployer.planning.revision import Defaults
from deployer.planning.triggers import AllowedEvents, UploadLocation
from deployer.request.allowances import Allowances


def _split(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Comma-separated, as CloudFormation joins a list."""


class Settings(BaseModel):
    """The settings of PlanDeployment, each by the environment variable of the same name in upper case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    account_id: str
    stack_name: str
    artifact_bucket: str
    artifact_prefix: str
    copy_artifacts: Literal["uploads", "all", "none"] = "uploads"
    model_package_groups: Words = ("*",)
    promote_from: str = ""
    execution_role_arn: str
    default_image: str = ""
    default_instance_type: str = ""
    default_instance_count: int = 1
    poll_interval_seconds: int = 30
    deployment_timeout_seconds: int = 7200
    retained_revisions: int = 3
    allowed_images: Words = ()
    allowed_role_arns: Words = ()
    allowed_bucket_arns: Words = ()
    allowed_kms_key_arns: Words = ()
    allowed_instance_types: Words = ()
    max_instance_count: int = 0
    allow_newer_values: bool = False
    approval_endpoints: Words = ()
    rollback_errors_percent: float = 0
    rollback_p99_milliseconds: float = 0

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the settings of this function."""
        return cls.model_validate({name.lower(): value for name, value in os.environ.items()})

    @property
    def upload_location(self) -> UploadLocation:
        """The bucket and the prefix of uploads."""
        return UploadLocation(self.artifact_bucket, self.artifact_prefix, self.account_id)

    @property
    def allowed_events(self) -> AllowedEvents:
        """The events of other sources that the stack accepts."""
        return AllowedEvents(self.model_package_groups, self.promote_from)

    @property
    def defaults(self) -> Defaults:
        """The defaults for fields that a request leaves out."""
        return Defaults(
            self.execution_role_arn,
            self.default_image,
            self.default_instance_type,
            self.default_instance_count,
            self.rollback_alarms,
        )

    @property
    def rollback_alarms(self) -> Document:
        """The field `RollbackAlarms` of guarded updates whose request has none; empty for none."""
        errors, latency = self.rollback_errors_percent, self.rollback_p99_milliseconds
        return {
            **({"Errors": {"Percent": errors}} if errors else {}),
            **({"Latency": {"P99Milliseconds": latency}} if latency else {}),
        }

    @property
    def allowances(self) -> Allowances:
        """The values that the stack allows in requests."""
        return Allowances(
            image_patterns=self.allowed_images,
            role_patterns=(self.execution_role_arn, *self.allowed_role_arns),
            buckets=(self.artifact_bucket, *(arn.rpartition(":")[2] for arn in self.allowed_bucket_arns)),
            kms_keys=self.allowed_kms_key_arns,
            # The stack's own default is allowed, as its own role and bucket are.
            instance_patterns=(*self.allowed_instance_types, self.default_instance_type)
            if self.allowed_instance_types
            else (),
            most_instances=self.max_instance_count,
            open_enums=self.allow_newer_values,
        )
