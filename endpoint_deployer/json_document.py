"""The type of a JSON document."""

from typing import Any

Document = dict[str, Any]
"""A JSON object: a request or an answer of AWS, or the data of an execution."""
