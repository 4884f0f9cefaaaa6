"""JSON Schemas of answers: checks a schema, and an answer against it. Nothing is fetched.

Both take bounded time. A schema may hold a regular expression that takes hours for some texts, or refer to itself so
that each level doubles the work. A linear-time engine for regular expressions would refuse much of what JSON Schema
allows, and would not help with the latter; a timer ends either.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import jsonschema
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped] # it has no types
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import specification_with

from deployer.json_document import Document
from deployer.request.excerpts import described_failure, excerpt, quoted
from deployer.time_limit import TimeIsUpError, time_limit

if TYPE_CHECKING:
    from referencing import Resource


CHECK_SECONDS = 5.0
"""The most seconds for the check of one answer, or of one schema."""

_MOST_ERRORS = 50


def schema_problem(schema: Document) -> str:
    """Explain why a document is not a usable JSON Schema; empty if it is one."""
    try:
        with time_limit(CHECK_SECONDS):
            return _schema_problem(schema)
    except TimeIsUpError:
        return f"cannot be read within {CHECK_SECONDS:g} s; use a simpler schema"


def schema_mismatch(schema: Document, document: object) -> str:
    """Explain how an answer violates a JSON Schema; empty if it conforms."""
    try:
        with time_limit(CHECK_SECONDS):
            return _schema_mismatch(schema, document)
    except TimeIsUpError:
        return f"cannot be checked by the schema within {CHECK_SECONDS:g} s; use simpler patterns and fewer references"


def _schema_problem(schema: Document) -> str:
    try:
        if "$schema" in schema and jsonschema.validators.validator_for(schema, cast("Any", None)) is None:
            return f"is of an unknown dialect, {excerpt(str(schema['$schema']))}"
        kind = _validator(schema)
        kind.check_schema(schema)
        specification = specification_with(kind.META_SCHEMA["$schema"])
        _look_up(specification.create_resource(schema))
    except TimeIsUpError:
        raise
    except jsonschema.SchemaError as error:
        return f"is not a JSON Schema: {excerpt(error.message)}"
    except Unresolvable as failure:
        return f"refers to a definition that it does not contain, {excerpt(str(failure))}"
    except Exception as failure:  # noqa: BLE001 - a schema can make the library raise anything, from any depth
        return f"is not a JSON Schema that can be checked by: {described_failure(failure)}"
    return ""


def _schema_mismatch(schema: Document, document: object) -> str:
    # An empty registry: nothing that a schema refers to is ever fetched.
    try:
        validator = _validator(schema)(schema, registry=Registry())
        error = jsonschema.exceptions.best_match(islice(validator.iter_errors(document), _MOST_ERRORS))
    except TimeIsUpError:
        raise
    except Unresolvable as failure:
        return f"cannot be checked: the schema refers to a definition that it does not contain, {excerpt(str(failure))}"
    except Exception as failure:  # noqa: BLE001 - as above
        return f"cannot be checked by the schema: {described_failure(failure)}"
    if error is None:
        return ""
    return f"does not fit the schema at {quoted(error.json_path)}: {excerpt(error.message)}"


def _look_up(schema: Resource[Any]) -> None:
    """Look up a reference of a schema; raise if its target is outside of the schema."""
    parts = [(schema, REGISTRY.resolver_with_root(schema))]
    while parts:
        part, resolver = parts.pop()
        if isinstance(part.contents, dict) and isinstance(reference := part.contents.get("$ref"), str):
            resolver.lookup(reference)
        parts += [(each, resolver.in_subresource(each)) for each in part.subresources()]


def _validator(schema: Document) -> Any:
    return jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
