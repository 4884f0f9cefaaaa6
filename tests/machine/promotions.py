"""Promotions of one world's deployments to another one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from deployer.json_document import Document
from local.simulation.stages import STAGING, STAGING_ACCOUNT
from tests.machine.factories import BUCKET, KEY, put_manifest, stored, upload

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.virtual_time.world import World


def promotion(world: World, detail: Document, account: str = STAGING_ACCOUNT) -> Document:
    """Build the event of the other stack's deployment."""
    return {**world.event("endpoint-deployer", "Endpoint Deployment Ended", detail), "account": account}


def deployed_elsewhere(make_world: Callable[..., World], *further: Document, **manifest: Any) -> tuple[World, Document]:
    """Deploy an upload in one world, and then further requests; return another world, and the event of the last one.

    The other world has what is stored of the first one in a bucket of another name.
    """
    sender: World = make_world()
    put_manifest(sender, json.dumps(manifest))
    upload(sender, b"weights", KEY)
    for document in further:
        sender.clock.sleep(60)
        sender.run(document)
    detail = json.loads(json.dumps(sender.bus[-1]).replace(f"s3://{BUCKET}/", f"s3://{STAGING}/"))
    kept = {key: sender.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in stored(sender)}
    receiver: World = make_world()
    receiver.s3.create_bucket(Bucket=STAGING)
    for key, body in kept.items():
        moved = body.replace(f"s3://{BUCKET}/".encode(), f"s3://{STAGING}/".encode())
        receiver.s3.put_object(Bucket=STAGING, Key=key, Body=moved)
    return receiver, detail
