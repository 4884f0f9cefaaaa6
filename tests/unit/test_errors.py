"""The error tree, the bound of its messages, and how SageMaker's answers are classified."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer import errors
from deployer.aws.classification import classify
from deployer.errors import MESSAGE_BYTES, DeployerError, bounded

FUNCTIONS = Path(__file__).parents[2] / "functions"
ROWS = [json.loads(line) for line in Path(__file__).with_name("sagemaker_errors.jsonl").read_text().splitlines()]


def leaves(error: type[DeployerError] = DeployerError) -> list[type[DeployerError]]:
    """List the errors of the module that have no subclasses; only these are raised."""
    below = [each for each in error.__subclasses__() if each.__module__ == errors.__name__]
    return [leaf for each in below for leaf in leaves(each)] or [error]


def constructed_names(path: Path) -> set[str]:
    """Name what a module calls; of those with the error tree and its meanings, all that stands in their expressions."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    if path.name in {"errors.py", "classification.py"}:
        bases = {base for node in nodes if isinstance(node, ast.ClassDef) for base in node.bases}
        return {node.id for node in nodes if isinstance(node, ast.Name) and node not in bases}
    return {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}


def test_every_error_name_is_used() -> None:
    used = set().union(*map(constructed_names, FUNCTIONS.rglob("*.py")))

    assert {leaf.__name__ for leaf in leaves()} - used == set()


def test_every_error_belongs_to_one_group() -> None:
    """The group says what the state machine does about it."""
    groups = {leaf: [each for each in DeployerError.__subclasses__() if issubclass(leaf, each)] for leaf in leaves()}

    assert all(len(found) == 1 and found != [leaf] for leaf, found in groups.items())


@pytest.mark.parametrize(
    ("leaf", "group"),
    [
        (errors.CopyUnfinishedError, errors.TransientError),
        (errors.StepFunctionsUnavailableError, errors.TransientError),
        (errors.PermissionNotReadyError, errors.TransientError),
        (errors.ArtifactMissingError, errors.PermanentError),
        (errors.LiveConfigMissingError, errors.PermanentError),
    ],
)
def test_error_says_whether_trying_again_can_help(leaf: type[DeployerError], group: type[DeployerError]) -> None:
    assert issubclass(leaf, group)


def size(message: str) -> int:
    """Count the bytes of a message in JSON."""
    return len(json.dumps(message))


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("", id="empty"),
        pytest.param("Models.m: is used by no variant", id="one line"),
        pytest.param("a: is missing\nb: is missing", id="two lines"),
        pytest.param("x" * (MESSAGE_BYTES - 2), id="as long as it may be"),
        pytest.param("\n" * ((MESSAGE_BYTES - 2) // 2), id="as many lines as there may be"),
    ],
)
def test_message_that_fits_stays_as_it_is(message: str) -> None:
    assert str(DeployerError(message)) == message


CHARACTERS = {"one byte": "x", "a quote": '"', "a tab": "\t", "six bytes": "ü", "twelve bytes": "😀"}
"""Characters by the bytes that they take in JSON."""


@pytest.mark.parametrize("line", [each * 12 for each in CHARACTERS.values()], ids=CHARACTERS)
def test_message_of_many_lines_keeps_whole_lines_and_counts_the_others(line: str) -> None:
    lines = [f"{number:04d} {line}" for number in range(1000)]

    *kept, last = bounded("\n".join(lines)).split("\n")

    assert kept == lines[: len(kept)]
    assert last == f"and {1000 - len(kept)} more"
    assert 0.8 * MESSAGE_BYTES < size("\n".join([*kept, last])) <= MESSAGE_BYTES


@pytest.mark.parametrize("character", CHARACTERS.values(), ids=CHARACTERS)
def test_message_of_one_huge_line_keeps_as_much_of_it_as_fits(character: str) -> None:
    message = bounded(character * 200_000)

    assert message == character * (len(message) - 1) + "…"
    assert MESSAGE_BYTES - 100 < size(message) <= MESSAGE_BYTES


def test_message_whose_first_line_is_huge_counts_the_lines_after_it() -> None:
    cut, last = bounded("\n".join(["😀" * 9000, "b", "c"])).split("\n")

    assert cut.endswith("😀…")
    assert last == "and 2 more"


def test_message_whose_second_line_is_huge_ends_before_it() -> None:
    assert bounded("a: is missing\n" + "x" * 9000) == "a: is missing\nand 1 more"


@given(
    lines=st.lists(st.text(max_size=40), max_size=6),
    times=st.integers(1, 4000),
    error=st.sampled_from(leaves()),
)
def test_no_message_is_larger_than_its_bound(lines: list[str], times: int, error: type[DeployerError]) -> None:
    whole = "\n".join(each * times for each in lines)

    message = str(error(whole))

    assert size(message) <= MESSAGE_BYTES
    assert (message == whole) == (size(whole) <= MESSAGE_BYTES)


CLASSES_OF_KINDS: dict[str, set[type[DeployerError]]] = {
    "transient-visibility": {
        errors.ModelNotVisibleError,
        errors.EndpointConfigNotVisibleError,
        errors.EndpointNotVisibleError,
    },
    "transient-iam-propagation": {errors.RoleNotReadyError},
    "transient-conflict": {errors.EndpointBusyError, errors.EndpointExistsError},
    "transient-service": {errors.SageMakerUnavailableError},
    "throttling": {errors.SageMakerThrottledError},
    "already-exists": {errors.AlreadyExistsError},
    "capacity-limit": {errors.QuotaExceededError, errors.EndpointFailedError},
    "permanent": {
        errors.SageMakerRejectedError,
        errors.AccessDeniedError,
        errors.EndpointFailedError,
        errors.EndpointMissingError,
    },
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['operation']}-{row['kind']}-{row['message'][:40]}")
def test_message_that_sagemaker_was_seen_to_send_is_classified_by_its_kind(row: dict[str, str]) -> None:
    created = {"<requested-config>"} if "UpdateEndpoint" in row["operation"] else set()

    named = classify(row["operation"], row["code"], row["message"], created=created)

    assert named in CLASSES_OF_KINDS[row["kind"]]


ARN = "arn:aws:sagemaker:eu-west-1:111122223333:"


@pytest.mark.parametrize(
    ("operation", "message", "expected"),
    [
        pytest.param(
            "CreateEndpoint",
            f'Could not find endpoint configuration "{ARN}endpoint-config/churn-20261124t120000-0123456789ab".',
            errors.EndpointConfigNotVisibleError,
            id="own config, lower-cased in its ARN",
        ),
        pytest.param(
            "CreateEndpoint",
            f'Could not find endpoint configuration "{ARN}endpoint-config/deleted".',
            errors.SageMakerRejectedError,
            id="another config",
        ),
        pytest.param(
            "UpdateEndpoint",
            f'Could not find endpoint configuration "{ARN}endpoint-config/attached".',
            errors.SageMakerRejectedError,
            id="the attached config was deleted",
        ),
        pytest.param(
            "CreateEndpointConfig",
            f'Could not find model "{ARN}model/churn-model-1".',
            errors.ModelNotVisibleError,
            id="own model",
        ),
        pytest.param(
            "CreateEndpointConfig",
            f'Could not find model "{ARN}model/nobody-s".',
            errors.SageMakerRejectedError,
            id="a model this run knows nothing of",
        ),
        pytest.param(
            "CreateModel",
            "Could not find model data at s3://bucket/model.tar.gz.",
            errors.SageMakerRejectedError,
            id="model data, not a model",
        ),
        pytest.param(
            "DescribeEndpoint",
            f'Could not find endpoint "{ARN}endpoint/churn".',
            errors.EndpointNotVisibleError,
            id="endpoint",
        ),
        pytest.param(
            "UpdateEndpoint",
            f'Could not find endpoint "{ARN}endpoint/churn".',
            errors.EndpointMissingError,
            id="endpoint to update",
        ),
        pytest.param(
            "CreateEndpoint",
            f'Cannot create already existing endpoint "{ARN}endpoint/churn".',
            errors.EndpointExistsError,
            id="endpoint exists",
        ),
        pytest.param(
            "CreateEndpointConfig",
            f'Cannot create already existing endpoint configuration "{ARN}endpoint-config/churn".',
            errors.AlreadyExistsError,
            id="config exists",
        ),
        pytest.param(
            "UpdateEndpoint",
            'Cannot update endpoint with the currently in use endpoint configuration "churn-1".',
            errors.AlreadyAppliedError,
            id="applied",
        ),
        pytest.param(
            "CreateModel",
            'The execution role ARN "arn:aws:iam::111122223333:role/r" is invalid. Please ensure that the role exists.',
            errors.RoleNotReadyError,
            id="role not there yet",
        ),
        pytest.param("CreateModel", "Something new went wrong.", errors.SageMakerRejectedError, id="unknown"),
    ],
)
def test_validation_exception_is_classified_by_its_message_and_the_names_of_the_run(
    operation: str, message: str, expected: type[DeployerError]
) -> None:
    created = {"churn-20261124T120000-0123456789ab", "churn-model-1"}

    named = classify(operation, "ValidationException", message, created=created)

    assert named is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ThrottlingException", errors.SageMakerThrottledError),
        ("Throttling", errors.SageMakerThrottledError),
        ("TooManyRequestsException", errors.SageMakerThrottledError),
        ("InternalFailure", errors.SageMakerUnavailableError),
        ("InternalServerError", errors.SageMakerUnavailableError),
        ("ServiceUnavailable", errors.SageMakerUnavailableError),
        ("503", errors.SageMakerUnavailableError),
        ("ResourceLimitExceeded", errors.QuotaExceededError),
        ("AccessDeniedException", errors.AccessDeniedError),
        ("ResourceInUse", errors.SageMakerRejectedError),
    ],
)
def test_any_other_code_is_classified_whatever_its_message(code: str, expected: type[DeployerError]) -> None:
    assert classify("CreateModel", code, "Could not find model") is expected


@given(operation=st.text(), code=st.text(), message=st.text(), created=st.sets(st.text()))
def test_any_answer_is_classified_as_a_leaf(operation: str, code: str, message: str, created: set[str]) -> None:
    named = classify(operation, code, message, created=created)

    assert issubclass(named, DeployerError)
    assert not named.__subclasses__()
