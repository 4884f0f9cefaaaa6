"""Many uploads at once, on a small scale and in virtual time; `make load` runs it on a large one."""

from __future__ import annotations

from local.load_test.in_virtual_time import run_in_virtual_time
from local.load_test.uploads import Load


def test_each_endpoint_ends_on_its_newest_artifact() -> None:
    """SageMaker takes few calls and lags, and runs compete: no invariant is violated."""
    figures = run_in_virtual_time(Load(uploads=12, endpoints=4), calls_per_second=5.0)

    assert list(figures.violations) == []
    assert figures.outcomes.total() == 12
    assert figures.throttled > 0


def test_same_seed_gives_the_same_figures() -> None:
    """The figures in the documents can be measured again."""
    first, second = (run_in_virtual_time(Load(uploads=4, endpoints=2), calls_per_second=5.0) for _ in range(2))

    assert first.answers == second.answers
    assert (first.retries, first.transitions, first.seconds) == (second.retries, second.transitions, second.seconds)
