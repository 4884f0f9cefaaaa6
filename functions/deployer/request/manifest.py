"""Parses a manifest, YAML or JSON, into a JSON document."""

from __future__ import annotations

import math
from typing import Any

import yaml

from deployer.errors import InvalidRequestError
from deployer.request.problem import Problem

NAME = "deployment.yaml"

_SIZE_LIMIT = 256 * 1024
_NODE_LIMIT = 20_000
_DEPTH_LIMIT = 50
_MESSAGE_LIMIT = 200


class _JsonLoader(yaml.SafeLoader):
    """Reads the YAML that is JSON: no dates, keys are text and unique, aliases cannot grow without bound."""

    nodes = 0
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.nodes += 1
        self.depth += 1
        if self.nodes > _NODE_LIMIT or self.depth > _DEPTH_LIMIT:
            raise yaml.MarkedYAMLError(problem="holds too many or too deeply nested values", problem_mark=self._mark())
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="uses an alias, which manifests cannot", problem_mark=self._mark())
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        keys: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(
                    problem=f"has a key that is not text, {key!r}", problem_mark=key_node.start_mark
                )
            if key in keys:
                raise yaml.MarkedYAMLError(problem=f"has the key '{key}' twice", problem_mark=key_node.start_mark)
            keys.add(key)
        return super().construct_mapping(node, deep=deep)

    def _mark(self) -> yaml.Mark | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        return event.start_mark if event else None


def _construct_float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    value: float = loader.construct_yaml_float(node)
    if not math.isfinite(value):
        raise yaml.MarkedYAMLError(problem=f"has {node.value}, which is not a number", problem_mark=node.start_mark)
    return value


def _construct_text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    """Read text as JSON does: a character that is escaped in two halves is one character."""
    value: str = loader.construct_scalar(node)
    try:
        return value.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise yaml.MarkedYAMLError(problem="has half of a character", problem_mark=node.start_mark) from error


# Whatever looks like a date stays text, as in JSON; what only YAML has (sets, binary data, merge keys) is refused.
_JsonLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge"}
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_JSON_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str", "seq", "map")}
_JsonLoader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag in _JSON_TAGS
}
_JsonLoader.add_constructor("tag:yaml.org,2002:float", _construct_float)
_JsonLoader.add_constructor("tag:yaml.org,2002:str", _construct_text)


def read_manifest(text: bytes, name: str = NAME) -> object:
    """Read a manifest.

    Args:
        text: The content of the file.
        name: The file's name, for messages; one that ends in `.json` may be indented by tabs.

    Raises:
        InvalidRequestError: It is not YAML, or holds what JSON cannot; the message says where.
    """
    if len(text) > _SIZE_LIMIT:
        raise InvalidRequestError(f"{name}: has {len(text)} bytes; at most {_SIZE_LIMIT} are read")
    if name.endswith(".json"):
        # JSON is YAML, but for tabs between its parts; within texts it has none.
        text = text.replace(b"\t", b" ")
    try:
        document: object = yaml.load(text.decode("utf-8-sig"), Loader=_JsonLoader)  # noqa: S506 - a SafeLoader, and less
    # Raised from nothing: these errors quote the text, which may hold secrets.
    except UnicodeDecodeError as error:
        raise InvalidRequestError(f"{name}: is not UTF-8 text, at byte {error.start}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        message = error.problem or error.context or "is not YAML"
        raise InvalidRequestError(str(Problem(f"{name}{place}", message[:_MESSAGE_LIMIT]))) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidRequestError(str(Problem(name, f"is not YAML: {str(error)[:_MESSAGE_LIMIT]}"))) from None
    # An empty manifest says that the stack's defaults will do.
    return {} if document is None else document
