"""The encoding of event streams, `application/vnd.amazon.eventstream`.

Source: Smithy, "Amazon Event Stream Specification": a message has a prelude (both lengths and their checksum),
headers, a payload and a checksum.
"""

from __future__ import annotations

import json
from struct import pack
from zlib import crc32

_STRING = 7
_OVERHEAD = 16
_PARTS = 2


def encode_stream(body: bytes, failure: str | None = None) -> bytes:
    """Encode an answer as a stream: PayloadPart events, and ModelStreamError after the first if it fails.

    Source: Smithy, "Amazon Event Stream Specification"; API Reference, ModelStreamError (StreamBroken).

    Args:
        body: What the container answers.
        failure: The message with which it breaks off; None if it does not.
    """
    size = max(1, -(-len(body) // _PARTS))
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    if failure is None:
        return b"".join(map(_part, parts))
    error = {"Message": failure, "ErrorCode": "StreamBroken"}
    headers = {":message-type": "exception", ":exception-type": "ModelStreamError", ":content-type": "application/json"}
    return b"".join(map(_part, parts[:1])) + _message(headers, json.dumps(error).encode())


def _part(content: bytes) -> bytes:
    headers = {":message-type": "event", ":event-type": "PayloadPart", ":content-type": "application/octet-stream"}
    return _message(headers, content)


def _message(headers: dict[str, str], payload: bytes) -> bytes:
    encoded = b"".join(
        pack("!B", len(name)) + name.encode() + pack("!BH", _STRING, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = pack("!II", len(encoded) + len(payload) + _OVERHEAD, len(encoded))
    message = prelude + pack("!I", crc32(prelude)) + encoded + payload
    return message + pack("!I", crc32(message))
