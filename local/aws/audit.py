"""A record of IAM decisions: principal, action, resource, and whether a policy allowed it."""

from dataclasses import dataclass
from typing import Any

from ministack.core import iam_evaluator

from local.json_document import Document


@dataclass(frozen=True)
class Authorization:
    """A decision of MiniStack's policy evaluator.

    Attributes:
        principal: The ARN of who needed it; for a function the session of its role that bears the function's name.
        action: The action of IAM, which is not always the operation: HeadObject needs `s3:GetObject`.
        resource: The ARN that the policy has to allow, or `*`.
        allowed: Whether it does.
    """

    principal: str
    action: str
    resource: str
    allowed: bool


class Audit:
    """Records every decision but those about the account's root, to whom policies do not apply.

    Attributes:
        authorizations: The decisions so far, in order.
    """

    def __init__(self) -> None:
        """Make an empty record."""
        self.authorizations: list[Authorization] = []

    def begin(self) -> None:
        """Record the evaluator's decisions from now on, for every service of MiniStack."""
        enforce = iam_evaluator.enforce

        def enforce_and_record(  # noqa: PLR0913, PLR0917 - MiniStack's signature
            access_key_id: str,
            iam_action: str,
            service: str,
            region: str,
            resource_arn: str = "*",
            service_context: Document | None = None,
        ) -> Any:
            denial = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
            # An AuthError is not a decision about a policy: the caller is unknown.
            if not isinstance(denial, iam_evaluator.AuthError):
                self._record(access_key_id, iam_action, resource_arn, allowed=denial is None)
            return denial

        iam_evaluator.enforce = enforce_and_record

    def _record(self, access_key: str, action: str, resource: str, *, allowed: bool) -> None:
        caller = iam_evaluator.resolve_caller_identity(access_key)
        if caller and caller["session"]:
            self.authorizations.append(Authorization(caller["userArn"], action, resource, allowed))
