"""Packs models for the simulated containers."""

from __future__ import annotations

import io
import tarfile


def pack_script(script: str) -> bytes:
    """Pack a model that is only its inference script, as SageMaker expects it: a `model.tar.gz`."""
    content, packed = script.encode(), io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("code/inference.py")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()
