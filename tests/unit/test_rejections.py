"""Problems of several checks, said at once."""

from __future__ import annotations

import pytest

from deployer.errors import InvalidRequestError, StorageUnavailableError
from deployer.request.rejections import Rejections


def test_checks_without_a_problem_raise_nothing() -> None:
    with Rejections() as rejections, rejections.later():
        pass

    assert rejections.lines == []


def test_all_problems_are_reported_at_once_and_each_once() -> None:
    with pytest.raises(InvalidRequestError) as rejected, Rejections() as rejections:  # noqa: PT012 - three checks
        with rejections.later():
            raise InvalidRequestError("a: is wrong\nb: is wrong")
        with rejections.later():
            raise InvalidRequestError("b: is wrong")
        raise InvalidRequestError("c: is wrong")

    assert str(rejected.value).splitlines() == ["a: is wrong", "b: is wrong", "c: is wrong"]


def test_field_is_reported_by_the_first_check_that_finds_it_wrong() -> None:
    with pytest.raises(InvalidRequestError) as rejected, Rejections() as rejections:  # noqa: PT012 - two checks
        with rejections.later():
            raise InvalidRequestError("a: is not allowed\na: has no scheme")
        raise InvalidRequestError("a: is not there\nb: is wrong")

    assert str(rejected.value).splitlines() == ["a: is not allowed", "a: has no scheme", "b: is wrong"]


def test_problem_of_an_earlier_check_is_not_lost() -> None:
    with pytest.raises(InvalidRequestError, match=r"^a: is wrong$"), Rejections() as rejections, rejections.later():
        raise InvalidRequestError("a: is wrong")


def test_transient_error_comes_before_rejections() -> None:
    """A step that is tried again makes all checks again."""
    with pytest.raises(StorageUnavailableError), Rejections() as rejections:  # noqa: PT012 - two checks
        with rejections.later():
            raise InvalidRequestError("a: is wrong")
        raise StorageUnavailableError("s3")
