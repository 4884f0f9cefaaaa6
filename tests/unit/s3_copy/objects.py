"""Objects that are copied, and what happens to the calls that copy them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deployer.aws.s3_copy import Copier

if TYPE_CHECKING:
    from collections.abc import Callable


BUCKET, SOURCE = "artifacts", "data"
KEY = "models/churn/model.tar.gz"
TARGET = "revisions/churn/artifacts/0123456789ab/model.tar.gz"
CONTENT = bytes(range(100)) + b"end"
PART_SIZE, PARTS = 25, 5
NEVER = float("inf")


def in_parts(client: Any, part_bytes: int = PART_SIZE) -> Copier:
    """Return a copier that copies everything in parts."""
    copier = Copier(client, BUCKET)
    copier.single_bytes, copier.part_bytes = 0, part_bytes
    return copier


def whole(client: Any) -> Copier:
    """Return a copier that copies small objects in one call."""
    return Copier(client, BUCKET)


def stored(s3: Any) -> bytes:
    """Read the copy, and check that it was written once, and nothing unfinished is left."""
    assert len(s3.list_object_versions(Bucket=BUCKET, Prefix=TARGET)["Versions"]) == 1
    assert not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    content: bytes = s3.get_object(Bucket=BUCKET, Key=TARGET)["Body"].read()
    return content


def on_call(client: Any, operation: str, act: Callable[[int], object]) -> None:
    """Let something happen before each call of an operation, which gets the number of the call."""
    count = 0

    def before(**_: Any) -> None:
        nonlocal count
        count += 1
        act(count)

    client.meta.events.register_first(f"before-send.s3.{operation}", before)


def counted(client: Any, operation: str) -> list[int]:
    """Return a list that gets an entry for each call of an operation."""
    calls: list[int] = []
    on_call(client, operation, calls.append)
    return calls
