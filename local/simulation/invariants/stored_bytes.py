"""Invariants of stored bytes: an endpoint answers from the deployed bytes, and stored objects never change."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

from local.json_document import Document
from local.simulation.served_revisions import WEIGHTS_FUNCTIONS, weight_entry
from local.virtual_time.world import BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.simulation.recording import Recording
    from local.simulation.runs import Run

_STORE = "revisions/"


def answers_come_from_the_deployed_bytes(recording: Recording) -> Iterator[str]:
    """A model whose data are stored answers from the version that was deployed, whatever has become of the key.

    Of data that are not stored, as by CopyArtifacts, it has to be a version that was there since.
    """
    expected = _expected_digests(recording)
    for probe in recording.probes:
        known = [expected[config, probe.model] for config in probe.configs if (config, probe.model) in expected]
        if probe.answer == "ok" and known:
            is_right = any(probe.digest in digests for digests in known)
            moment = probe.time - recording.began
            yield "" if is_right else f"{probe.model} on {probe.endpoint} has loaded other bytes, at {moment:.0f} s"


def _expected_digests(recording: Recording) -> dict[tuple[str, str], set[str]]:
    """Return the digests of the bytes that a model on an endpoint config may have loaded, by both their names."""
    expected: dict[tuple[str, str], set[str]] = defaultdict(set)
    for run in recording.runs:
        for data in run.plan.get("Data", []):
            model = run.plan["ModelNames"][data["Path"].split(".")[1]]
            # What a folder holds has no digest of its own in S3.
            if not data["Uri"].endswith("/"):
                contents = _contents(recording, run, data)
                expected[run.revision, model] |= {hashlib.sha256(content).hexdigest() for content in contents}
    return expected


def _contents(recording: Recording, run: Run, data: Document) -> list[bytes]:
    """Return the contents that data may have: of stored data one version, of others each since the run began."""
    source = data.get("CopiedFrom")
    uri = source or data["Uri"]
    known = [(write, f"s3://{BUCKET}/{write.key}") for write in recording.object_writes]
    known += [(write, f"s3://{write.key}") for write in recording.staged_writes]
    written = [write for write, place in known if place == uri and write.version]
    if source or _has_to_be_stored(run, uri):
        return [write.content or b"" for write in written if write.version == data["Version"]]
    before = [write for write in written if write.time <= run.began]
    return [write.content or b"" for write in (*before[-1:], *(each for each in written if each.time > run.began))]


def _has_to_be_stored(run: Run, uri: str) -> bool:
    """Return whether CopyArtifacts has data copied; a rollback deploys what the earlier deployment stored."""
    mode = run.environment["COPY_ARTIFACTS"]
    is_own = uri.startswith(f"s3://{BUCKET}/")
    is_copied = mode == "all" or (mode == "uploads" and is_own and uri.endswith("/model.tar.gz"))
    return is_copied and not run.plan.get("Source")


def stored_objects_never_change(recording: Recording) -> Iterator[str]:
    """The functions write only below the store's prefix and never overwrite; only the sweep deletes, and only there."""
    for write in recording.object_writes:
        if write.function:
            who = f"{write.actor} in {write.function}"
            yield "" if write.key.startswith(_STORE) else f"{who} changed {write.key}"
            if write.content is None:
                yield "" if write.function == "SweepUnused" else f"{who} deleted {write.key}"
            else:
                yield "" if write.before is None else f"{who} overwrote {write.key}"
                writers = WEIGHTS_FUNCTIONS if weight_entry(write) else {"StoreRevision"}
                yield "" if write.function in writers else f"{who} wrote {write.key}"
