"""No field of the API, no spelling and no part of a name passes by the limits of a stack, if it has any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.aws.s3_objects import parse_uri
from deployer.json_document import Document
from deployer.request.allowances import Allowances
from deployer.request.service_model import check_shape, operation_input, sagemaker
from tests.unit.allowance_samples import ALLOWED, HELD_BACK, KEY, said_of
from tests.unit.request_samples import (
    ROLE,
    variant,
    with_config,
)
from tests.unit.service_values import every_member

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize("document", [document for document, _ in HELD_BACK.values()], ids=HELD_BACK)
def test_a_stack_without_limits_allows_everything(document: Document) -> None:
    """Empty parameters are no limits."""
    assert said_of(document, Allowances()) == []


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("S3://other/m", "'S3://other/m' must begin with s3://"),
        ("S3://data/m", "'S3://data/m' must begin with s3://"),
        ("s3a://data/m", "'s3a://data/m' must begin with s3://"),
        ("http://data/m", "'http://data/m' must begin with s3://"),
        ("s3:///m", "'' is not allowed"),
    ],
)
def test_another_scheme_is_none_that_is_allowed(uri: str, said: str) -> None:
    """SageMaker's own patterns refuse these already; should it loosen them, they are held back all the same."""
    document = {"Models": {"m": {"PrimaryContainer": {"ModelDataUrl": uri}}}}

    (problem,) = ALLOWED.broken(document)

    assert said in problem.message


def places(value: object, path: str = "") -> Iterator[tuple[str, Document | list[Any], Any]]:
    """Yield every text in a document by its path, with what holds it and where."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        below = f"{path}.{key}" if isinstance(key, str) else f"{path}[]"
        if isinstance(entry, str):
            yield below, value, key  # type: ignore[misc]
        yield from places(entry, below)


FREE_TEXTS = (".Environment.Key", ".Tags[].Key", ".Tags[].Value")


@pytest.mark.parametrize("kind", ["Model", "EndpointConfig"])
@pytest.mark.parametrize("uri", ["s3://other/x", "https://other.example/x"])
def test_no_field_of_the_api_slips_through(kind: str, uri: str) -> None:
    """Every field of botocore's model that can hold the address of a bucket is checked, new ones included."""
    shape = operation_input(f"Create{kind}")
    document = every_member(sagemaker().shape_for(shape))
    slipped = set()

    for path, holder, key in list(places(document)):
        before, holder[key] = holder[key], uri
        whole = {"Models": {"m": document}} if kind == "Model" else {"EndpointConfig": document}
        if not check_shape(shape, document, "") and not is_held_back(whole, uri):
            slipped.add(path)
        holder[key] = before

    assert {path for path in slipped if not path.endswith(FREE_TEXTS)} == set()


def is_held_back(document: Document, uri: str) -> bool:
    """Return whether a document is held back because of one address."""
    return any(uri in problem.message or "'other'" in problem.message for problem in ALLOWED.broken(document))


@given(bucket=st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=12), key=st.text(max_size=12))
def test_checked_bucket_is_the_bucket_that_is_read(bucket: str, key: str) -> None:
    """The bucket that is compared with the allowed ones is the one that the deployer reads from."""
    uri = f"s3://{bucket}/{key}"

    problems = list(Allowances(buckets=("data",)).broken({"SmokeTest": {"BodyS3Uri": uri}}))

    assert parse_uri(uri) == (bucket, key)
    assert (not problems) == (bucket == "data")


@given(name=st.text(max_size=20))
def test_only_the_whole_name_counts(name: str) -> None:
    """No text around an allowed name makes another one allowed, and no text is a pattern by itself."""
    document = {"Models": {"m": {"PrimaryContainer": {"Image": f"{name}churn"}, "ExecutionRoleArn": f"{ROLE}{name}"}}}

    problems = list(Allowances(image_patterns=("churn",), role_patterns=(ROLE,)).broken(document))

    assert len(problems) == (2 if name else 0)


def test_stack_without_keys_allows_none() -> None:
    """The functions have rights on the keys of the parameter only."""
    document = with_config(variant(), KmsKeyId=KEY)

    (line,) = said_of(document, Allowances(kms_keys=()))

    assert line == (
        f"EndpointConfig.KmsKeyId: '{KEY}' is not allowed by this stack; see its parameter AllowedKmsKeyArns: "
        "it allows none, so leave the field out"
    )


@given(key=st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=12))
def test_id_of_a_key_is_compared_with_the_whole_id(key: str) -> None:
    document = {"EndpointConfig": {"KmsKeyId": key}}

    problems = list(Allowances(kms_keys=("arn:aws:kms:us-east-1:111122223333:key/abc",)).broken(document))

    assert (not problems) == (key == "abc")


def test_every_key_of_one_account_can_be_allowed() -> None:
    allowances = Allowances(kms_keys=("arn:aws:kms:us-east-1:111122223333:key/*",))

    assert said_of(with_config(variant(), KmsKeyId=KEY), allowances) == []
    assert said_of(with_config(variant(), KmsKeyId=KEY.replace("1111", "9999")), allowances) != []
