"""The adapter of S3 lists objects and folders, page by page, and digests a listing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from deployer import errors
from deployer.aws import s3 as s3_module
from tests.unit.s3_objects.bucket import BUCKET, put

if TYPE_CHECKING:
    from deployer.aws.s3 import Objects


def test_listing_goes_on_over_all_pages(s3: Any, objects: Objects) -> None:
    """S3 answers a thousand objects at once."""
    for number in range(1001):
        put(s3, f"many/{number:04}")

    listed = [each.key for each in objects.list_objects(BUCKET, "many/")]

    assert listed == [f"many/{number:04}" for number in range(1001)]


FOLDER = {"llm/config.json": b"{}", "llm/weights/1.bin": b"one", "llm/weights/2.bin": b"two"}


@pytest.mark.parametrize(
    "changed",
    [
        {"llm/config.json": b"[]"},
        {"llm/weights/3.bin": b""},
        {"llm/weights/2.bin": None},
        {"llm/weights/2.bin": None, "llm/weights/3.bin": b"two"},
        {"llm/weights/1.bin": b"two", "llm/weights/2.bin": b"one"},
    ],
    ids=["overwritten", "added", "deleted", "renamed", "exchanged"],
)
def test_listing_digest_changes_with_any_object(s3: Any, objects: Objects, changed: dict[str, bytes | None]) -> None:
    """Key, ETag and size of each object are in the digest."""
    for key, body in FOLDER.items():
        put(s3, key, body)
    before = objects.listing(BUCKET, "llm/")
    for key, body_or_none in changed.items():
        if body_or_none is None:
            s3.delete_object(Bucket=BUCKET, Key=key)
        else:
            put(s3, key, body_or_none)

    assert objects.listing(BUCKET, "llm/").digest != before.digest


def test_listing_digest_is_that_of_the_content(s3: Any, objects: Objects) -> None:
    """The same objects uploaded again, or below another prefix, have the same digest; neighbours do not count."""
    for prefix in ("a/", "b/"):
        for key, body in FOLDER.items():
            put(s3, prefix + key, body)
    put(s3, "a/llm2/config.json")
    first = objects.listing(BUCKET, "a/llm/")
    put(s3, "a/llm/config.json", FOLDER["llm/config.json"])

    assert objects.listing(BUCKET, "a/llm/").digest == objects.listing(BUCKET, "b/llm/").digest == first.digest
    assert first.size == sum(map(len, FOLDER.values()))
    assert not objects.listing(BUCKET, "nothing/").objects
    assert not objects.listing("nobody-s-bucket", "a/").objects


def test_listing_of_many_objects_is_refused(s3: Any, objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the folder and the bound."""
    monkeypatch.setattr(s3_module, "LISTING_LIMIT", 2)
    for key in FOLDER:
        put(s3, key)

    with pytest.raises(errors.InvalidRequestError, match=r"^s3://artifacts/llm/: holds more than 2 objects;"):
        objects.listing(BUCKET, "llm/")


def test_folders_are_listed_by_name(s3: Any, objects: Objects) -> None:
    """Only direct children, in order, from a name on."""
    for key in (
        "revisions/a/x/1",
        "revisions/a/x/2",
        "revisions/b/1",
        "revisions/b-c/1",
        "revisions/plain",
        "other/d/1",
    ):
        put(s3, key)

    assert list(objects.list_folders(BUCKET, "revisions/")) == ["a", "b-c", "b"]
    assert list(objects.list_folders(BUCKET, "revisions/", start_with="b")) == ["b"]
    assert list(objects.list_folders(BUCKET, "revisions/", start_with="b-c")) == ["b-c", "b"]
    assert list(objects.list_folders(BUCKET, "nothing/")) == []


def test_objects_are_listed_with_size_and_time(s3: Any, objects: Objects) -> None:
    for number in range(5):
        put(s3, f"revisions/{number}", b"x" * number)
    put(s3, "other")

    listed = list(objects.list_objects(BUCKET, "revisions/"))

    assert [(each.key, each.size) for each in listed] == [(f"revisions/{number}", number) for number in range(5)]
    assert all(each.last_modified.tzinfo for each in listed)
