"""The request that a user writes: SageMaker's own API syntax, checked whole before anything is created."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import AliasGenerator, BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

from deployer.errors import InvalidRequestError
from deployer.json_document import Document
from deployer.request.allowances import Allowances
from deployer.request.approval import ApprovalRule  # noqa: TC001 - pydantic reads the annotations
from deployer.request.contract import contract_problems
from deployer.request.fill_in import DEFAULT_MODELS, with_names
from deployer.request.problem import Problem, described_type, reject, shown
from deployer.request.rollback_alarms import RollbackAlarms  # noqa: TC001 - pydantic reads the annotations
from deployer.request.rules.check import broken_rules
from deployer.request.scaling import VariantScaling  # noqa: TC001 - pydantic reads the annotations
from deployer.request.shapes import shape_problems
from deployer.request.smoke_test import SmokeTest  # noqa: TC001 - pydantic reads the annotations
from deployer.request.smoke_test_rules import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator


"""A JSON object, such as an API request."""

DEPTH_LIMIT = 50
"""How deeply a request may be nested, so that no recursive step overflows the stack."""


class DeploymentRequest(BaseModel):
    """One request for an endpoint, as it is in `deployment.yaml`, in an event's detail or in an execution's input."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(alias=to_pascal), extra="forbid", frozen=True, strict=True, title="Deployment"
    )

    endpoint_name: str
    """May be left out where a folder or a package group names it."""
    models: dict[str, Document]
    """CreateModel requests without their names, by a name that is local to the request. A container whose ModelDataUrl
    is null has no model data, and does not wait for an upload."""
    endpoint_config: Document | None = None
    """A CreateEndpointConfig request without its name; a `ModelName` that is a key of `Models` means that one."""
    deployment_config: Document | None = None
    """UpdateEndpoint's own."""
    rollback_alarms: RollbackAlarms | None = None
    """Alarms that are made for the guardrails, and that roll the update back. Left out, the stack's default ones."""
    scaling: dict[str, VariantScaling] = {}
    """How Application Auto Scaling manages variants, by their names."""
    retain_all_variant_properties: bool | None = None
    """UpdateEndpoint's own. Left out, live instance counts stay where Application Auto Scaling manages them."""
    exclude_retained_variant_properties: list[Document] = []
    """UpdateEndpoint's own."""
    smoke_test: SmokeTest | None = None
    """The invocation that has to be answered as expected before the deployment counts."""
    rollback: bool | str = False
    """Whether to deploy what the revision before the live one held, or the name of the revision."""
    approval: ApprovalRule | None = None
    """Whether a person has to approve the deployment before anything changes."""
    dry_run: bool = False
    """Whether only to report what the request would change; the outcome is Planned, and nothing is created."""
    tags: dict[str, str] = {}
    """Tags of everything that is created."""

    @property
    def is_made_of_upload(self) -> bool:
        """Whether all that it deploys is the uploaded artifact."""
        return self.models == DEFAULT_MODELS

    def document(self) -> Document:
        """Return the request as JSON, every field named."""
        return self.model_dump(mode="json", by_alias=True)


def read_request(
    document: object, *, allowances: Allowances | None = None, endpoint_name: str | None = None
) -> DeploymentRequest:
    """Read and check a request; see `parse_request` and `request_problems`.

    Raises:
        InvalidRequestError: It is wrong; the message has a line for each problem, with the path of the field.
    """
    allowances = allowances or Allowances()
    request = parse_request(document, endpoint_name=endpoint_name, open_enums=allowances.open_enums)
    reject(request_problems(request, allowances))
    return request


def parse_request(document: object, *, endpoint_name: str | None = None, open_enums: bool = False) -> DeploymentRequest:
    """Read a request, each field of which is checked by itself.

    Nothing in a request is ever evaluated: a string that looks like a JSONPath, an intrinsic function or a placeholder
    is passed on as the string that it is.

    Args:
        document: What the user wrote, as JSON.
        endpoint_name: The endpoint's name by its folder or package group; a request that says another contradicts it.
        open_enums: Whether values pass that the packaged service model does not list.

    Raises:
        InvalidRequestError: A field is wrong, missing or unknown; the message has a line for each problem, with the
            path of the field.
    """
    if not isinstance(document, dict):
        raise InvalidRequestError(f"request: must be a mapping, and is {described_type(document)}")
    if _is_deeper(document, DEPTH_LIMIT):
        raise InvalidRequestError(f"request: is nested more than {DEPTH_LIMIT} levels deep")
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidRequestError("request: holds half of a character, which no text can") from None  # it has the text
    named = {**document, "EndpointName": document.get("EndpointName", endpoint_name)}
    complete = with_names(named)
    misshapen = list(shape_problems(complete, open_enums=open_enums))
    said = {problem.path for problem in misshapen}
    unfit = [problem for problem in contract_problems(DeploymentRequest, complete) if problem.path not in said]
    reject(sorted({*_contradiction(named, endpoint_name), *unfit, *misshapen}))
    return DeploymentRequest.model_validate(complete)


def request_problems(request: DeploymentRequest, allowances: Allowances) -> list[Problem]:
    """Return what is wrong between the fields of a request, and what it names that the stack does not allow."""
    document = request.document()
    test, config = request.smoke_test, request.endpoint_config
    smoke_test_problems = problems_of(test, config, request.models) if test else ()
    return sorted({*broken_rules(document), *allowances.broken(document), *smoke_test_problems})


def _is_deeper(document: object, levels: int) -> bool:
    layer: list[object] = [document]
    for _ in range(levels + 1):
        parts = [each.values() if isinstance(each, dict) else each for each in layer if isinstance(each, dict | list)]
        layer = [entry for part in parts for entry in part]
    return bool(layer)


def _contradiction(document: Document, endpoint_name: str | None) -> Iterator[Problem]:
    given = document["EndpointName"]
    if endpoint_name is not None and given != endpoint_name:
        yield Problem("EndpointName", f"{shown(given)} contradicts where the request comes from, '{endpoint_name}'")
