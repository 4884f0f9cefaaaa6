"""Assumptions about models and endpoint configs, and about what the service refuses. None of them costs anything."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from local.trial.assumption import Assumption

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.json_document import Document
    from local.trial.site import Site

_SAGEMAKER = "sagemaker"
_NVME = "ml.g5.xlarge"
_LONGEST_LAG = 300.0
_PAUSE = 0.2


def prepare_records(site: Site) -> None:
    """Make a model and a config, whose names have capitals; measure when what was made can be seen."""
    client, name = site.client(_SAGEMAKER), f"{site.name}-Records"
    tags = [{"Key": "trial", "Value": site.name}]
    container = {"Image": site.image}
    made = client.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=site.role, Tags=tags)
    began = time.monotonic()
    looks: dict[str, Callable[[], bool]] = {
        "lag": lambda: _can_be_named(site, name),
        "listing lag": lambda: any(client.list_models(NameContains=name)["Models"]),
        "tag lag": lambda: client.list_tags(ResourceArn=made["ModelArn"])["Tags"] == tags,
    }
    while len(site.seen.keys() & looks.keys()) < len(looks) and time.monotonic() - began < _LONGEST_LAG:
        for what in looks.keys() - site.seen.keys():
            if looks[what]():
                site.seen[what] = f"{time.monotonic() - began:.1f} s"
        time.sleep(_PAUSE)


def _can_be_named(site: Site, name: str) -> bool:
    """Create a config that names the model; what it is refused with for another reason is what was seen."""
    answer = site.answer_of(_SAGEMAKER, "create_endpoint_config", **config(site, name))
    if answer != "accepted" and "Could not find model" not in answer:
        site.seen["lag"] = answer
    return answer == "accepted"


def variant(site: Site, **changed: Any) -> Document:
    """Build a variant of the trial's model."""
    return {
        "VariantName": "AllTraffic",
        "ModelName": f"{site.name}-Records",
        "InstanceType": site.instance_type,
        "InitialInstanceCount": 1,
        **changed,
    }


def config(site: Site, name: str, *variants: Document, **more: Any) -> Document:
    """Build a request of CreateEndpointConfig."""
    return {"EndpointConfigName": name, "ProductionVariants": list(variants) or [variant(site)], **more}


def _refusal(site: Site, suffix: str, *changes: Document, **more: Any) -> str:
    """Return what a config is refused with; `refused` if only the service's words are not known."""
    variants = [variant(site, **change) for change in changes] or [variant(site)]
    answer = site.answer_of(
        _SAGEMAKER, "create_endpoint_config", **config(site, f"{site.name}-{suffix}", *variants, **more)
    )
    return "accepted" if answer == "accepted" else "refused"


def _described(site: Site, operation: str, member: str, *path: Any) -> str:
    found: Any = getattr(site.client(_SAGEMAKER), operation)(**{member: f"{site.name}-Records"})
    for step in path:
        found = found[step]
    return site.plain(str(found))


def _ask(operation: str, **parameters: Any) -> partial[str]:
    """Return a look that makes a call about something that does not exist."""
    return partial(_call, operation, parameters)


def _call(operation: str, parameters: Document, site: Site) -> str:
    named = {
        key: value.format(name=site.name) if isinstance(value, str) else value for key, value in parameters.items()
    }
    return site.answer_of(_SAGEMAKER, operation, **named)


def _tags_of_nothing(site: Site) -> str:
    arn: str = site.client(_SAGEMAKER).describe_model(ModelName=f"{site.name}-Records")["ModelArn"]
    return site.answer_of(_SAGEMAKER, "list_tags", ResourceArn=f"{arn}-nothing")


def _again(operation: str, site: Site) -> str:
    name = f"{site.name}-Records"
    if operation == "create_model":
        container = {"Image": site.image}
        return site.answer_of(
            _SAGEMAKER, operation, ModelName=name, PrimaryContainer=container, ExecutionRoleArn=site.role
        )
    return site.answer_of(_SAGEMAKER, operation, **config(site, name))


def _measured(what: str, site: Site) -> str:
    return str(site.seen.get(what, f"not within {_LONGEST_LAG:.0f} s"))


_INVALID = "ValidationException: "
_ASYNC = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://bucket/answers"}}}
_SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}


def _serverless(site: Site, count: int) -> str:
    names = [f"V{number}" for number in range(count)]
    model = f"{site.name}-Records"
    variants = [{"VariantName": name, "ModelName": model, "ServerlessConfig": _SERVERLESS} for name in names]
    request = config(site, f"{site.name}-serverless-{count}", *variants)
    return "accepted" if site.answer_of(_SAGEMAKER, "create_endpoint_config", **request) == "accepted" else "refused"


RECORDS = (
    *(
        Assumption(f"seconds until {seen}", "0 s to 300 s", partial(_measured, what), is_measured=True)
        for what, seen in (
            ("lag", "a config can name a new model"),
            ("listing lag", "a listing shows a new model"),
            ("tag lag", "tags can be read"),
        )
    ),
    Assumption(
        "DescribeModel of nothing",
        f'{_INVALID}Could not find model "arn:…:model/<trial>-no".',
        _ask("describe_model", ModelName="{name}-no"),
    ),
    Assumption(
        "DescribeEndpointConfig of nothing",
        f'{_INVALID}Could not find endpoint configuration "arn:…:endpoint-config/<trial>-no".',
        _ask("describe_endpoint_config", EndpointConfigName="{name}-no"),
    ),
    Assumption(
        "DescribeEndpoint of nothing",
        f'{_INVALID}Could not find endpoint "arn:…:endpoint/<trial>-no".',
        _ask("describe_endpoint", EndpointName="{name}-no"),
    ),
    Assumption(
        "CreateEndpoint on a config of nothing",
        f'{_INVALID}Could not find endpoint configuration "arn:…:endpoint-config/<trial>-no".',
        _ask("create_endpoint", EndpointName="{name}-no", EndpointConfigName="{name}-no"),
    ),
    Assumption(
        "UpdateEndpoint of nothing",
        f'{_INVALID}Could not find endpoint "arn:…:endpoint/<trial>-no".',
        _ask("update_endpoint", EndpointName="{name}-no", EndpointConfigName="{name}-Records"),
    ),
    Assumption(
        "DeleteEndpoint of nothing",
        f'{_INVALID}Could not find endpoint "arn:…:endpoint/<trial>-no".',
        _ask("delete_endpoint", EndpointName="{name}-no"),
    ),
    Assumption(
        "CreateModel twice",
        f'{_INVALID}Cannot create already existing model "arn:…:model/<trial>-records".',
        partial(_again, "create_model"),
    ),
    Assumption(
        "CreateEndpointConfig twice",
        f'{_INVALID}Cannot create already existing endpoint configuration "arn:…:endpoint-config/<trial>-records".',
        partial(_again, "create_endpoint_config"),
    ),
    Assumption("ListTags of an ARN of nothing", f"{_INVALID}Resource does not exist.", _tags_of_nothing),
    Assumption(
        "case of a model's name in its ARN",
        "arn:…:model/<trial>-records",
        lambda site: _described(site, "describe_model", "ModelName", "ModelArn"),
    ),
    Assumption(
        "case of a config's name in its ARN",
        "arn:…:endpoint-config/<trial>-records",
        lambda site: _described(site, "describe_endpoint_config", "EndpointConfigName", "EndpointConfigArn"),
    ),
    Assumption(
        "EnableNetworkIsolation of a model that says nothing",
        "False",
        lambda site: _described(site, "describe_model", "ModelName", "EnableNetworkIsolation"),
    ),
    Assumption(
        "InitialVariantWeight of a variant that says nothing",
        "1.0",
        lambda site: _described(
            site, "describe_endpoint_config", "EndpointConfigName", "ProductionVariants", 0, "InitialVariantWeight"
        ),
    ),
    Assumption(
        "a volume on instances with NVMe storage",
        "refused",
        lambda site: _refusal(site, "nvme", {"InstanceType": _NVME, "VolumeSizeInGB": 50}),
    ),
    Assumption(
        "a KmsKeyId with instances with NVMe storage",
        "refused",
        lambda site: _refusal(site, "kms", {"InstanceType": _NVME}, KmsKeyId="alias/aws/sagemaker"),
    ),
    Assumption(
        "managed scaling of a variant with a model",
        "refused",
        lambda site: _refusal(
            site,
            "scaling",
            {"ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2}},
        ),
    ),
    Assumption("one asynchronous variant", "accepted", lambda site: _refusal(site, "async", **_ASYNC)),
    Assumption(
        "two asynchronous variants",
        "refused",
        lambda site: _refusal(site, "asyncs", {}, {"VariantName": "Second"}, **_ASYNC),
    ),
    Assumption("one serverless variant", "accepted", lambda site: _serverless(site, 1)),
    Assumption("two serverless variants", "refused", lambda site: _serverless(site, 2)),
    Assumption("two variants of one name", "refused", lambda site: _refusal(site, "twice", {}, {})),
    Assumption(
        "weights whose sum is 0", "refused", lambda site: _refusal(site, "weights", {"InitialVariantWeight": 0.0})
    ),
)
"""The assumptions that need no endpoint."""
