"""The values that the stack allows in requests: images, execution roles, buckets, KMS keys and instances."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from deployer.endpoint_config import VARIANT_KINDS, all_variants, variants_of
from deployer.json_document import Document
from deployer.request.problem import Problem, shown
from deployer.request.rules.variants import instance_types
from deployer.request.scaling import most_instances

if TYPE_CHECKING:
    from collections.abc import Iterator


_SCHEME = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*)://")

_FREE = frozenset({"Environment", "Tags"})
"""Fields of SageMaker's in which any text may stand."""


@dataclass(frozen=True, slots=True)
class Allowances:
    """The values that the stack allows; an empty list of patterns (with `*` and `?`) allows everything.

    Attributes:
        image_patterns: Images.
        role_patterns: ARNs of execution roles.
        buckets: Names of buckets.
        kms_keys: ARNs of KMS keys. An empty list allows none, as the functions have rights on these keys only; None
            allows everything.
        instance_patterns: Instance types.
        most_instances: Instances of one endpoint; 0 allows any number.
        open_enums: Whether values pass that the packaged service model does not list; SageMaker then decides.
    """

    image_patterns: tuple[str, ...] = ()
    role_patterns: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    kms_keys: tuple[str, ...] | None = None
    instance_patterns: tuple[str, ...] = ()
    most_instances: int = 0
    open_enums: bool = False

    def broken(self, document: Document) -> Iterator[Problem]:
        """Yield the values of a request that the stack does not allow."""
        # Keys of `Models` are the user's own words, and may be those of fields.
        parts = [(f"Models.{key}", model) for key, model in (document.get("Models") or {}).items()]
        for part, content in (*parts, ("EndpointConfig", document.get("EndpointConfig"))):
            for path, name, value in _texts(content, part):
                yield from self._text(path, name, value)
        yield from self._instances(document.get("EndpointConfig") or {}, document.get("Scaling") or {})
        if uri := (document.get("SmokeTest") or {}).get("BodyS3Uri"):
            yield from self.bucket_problems("SmokeTest.BodyS3Uri", uri)

    def _text(self, path: str, name: str, value: str) -> Iterator[Problem]:
        if name == "Image":
            yield from _not_allowed(path, value, self.image_patterns, "AllowedImages")
        elif name == "ExecutionRoleArn":
            yield from _not_allowed(path, value, self.role_patterns, "AllowedRoleArns")
        elif name == "KmsKeyId":
            yield from self._key(path, value)
        elif (match := _SCHEME.match(value)) is None:
            return
        elif match["scheme"] == "s3":
            yield from self.bucket_problems(path, value)
        elif self.buckets:
            # SageMaker also takes the address of a bucket, which names one in several ways.
            yield Problem(path, f"{shown(value)} must begin with s3://")

    def allows_role(self, role: str) -> bool:
        """Return whether the stack lets requests name an execution role."""
        return not any(_not_allowed("", role, self.role_patterns, ""))

    def bucket_problems(self, path: str, uri: str) -> Iterator[Problem]:
        """Yield a problem if the stack does not allow the bucket that a URI names."""
        bucket = uri.removeprefix("s3://").partition("/")[0]
        yield from _not_allowed(path, bucket, self.buckets, "AllowedBucketArns")

    def _key(self, path: str, key: str) -> Iterator[Problem]:
        """Check a KMS key: IAM knows keys by their ARNs, so an id is compared with their ends, an alias with none."""
        if self.kms_keys is None or any(_is_key(key, pattern) for pattern in self.kms_keys):
            return
        way_out = "name one of them by its ARN" if self.kms_keys else "it allows none, so leave the field out"
        yield Problem(
            path, f"{shown(key)} is not allowed by this stack; see its parameter AllowedKmsKeyArns: {way_out}"
        )

    def _instances(self, config: Document, scaled: Document) -> Iterator[Problem]:
        for kind in VARIANT_KINDS:
            for index, variant in enumerate(variants_of(config, kind)):
                for where, name in instance_types(variant):
                    path = f"EndpointConfig.{kind}[{index}].{where}"
                    yield from _not_allowed(path, name, self.instance_patterns, "AllowedInstanceTypes")
        count = sum(_instance_count(variant, scaled) for variant in all_variants(config))
        if self.most_instances and count > self.most_instances:
            yield Problem(
                "EndpointConfig",
                f"asks for {count} instances, and this stack allows {self.most_instances} for an endpoint; "
                "see its parameter MaxInstanceCount",
            )


def _not_allowed(path: str, value: str, patterns: tuple[str, ...], parameter: str) -> Iterator[Problem]:
    if patterns and not any(fnmatchcase(value, pattern) for pattern in patterns):
        yield Problem(path, f"{shown(value)} is not allowed by this stack; see its parameter {parameter}")


def _is_key(key: str, pattern: str) -> bool:
    """Return whether a key is one that an ARN, or a pattern of ARNs, names."""
    if ":" not in key and "/" not in key:
        return fnmatchcase(key, pattern.rpartition(":key/")[2])
    return fnmatchcase(key, pattern)


def _instance_count(variant: Document, scaled: Document) -> int:
    """Return how many instances a variant may have: at first, or at most if it is scaled."""
    if "ServerlessConfig" in variant:
        return 0
    scaling = variant.get("ManagedInstanceScaling", {})
    most = max(scaling.get("MaxInstanceCount", 0), most_instances(scaled, variant))
    return int(max(variant.get("InitialInstanceCount", 1), most))


def _texts(value: object, path: str, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield path, field and text of every text in a document, except where any text may stand."""
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, dict):
        for key, entry in value.items():
            if key not in _FREE:
                yield from _texts(entry, f"{path}.{key}", key)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _texts(entry, f"{path}[{index}]", name)
