"""The list prices of Step Functions and Lambda."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.bench.paths import CALL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.bench.paths import Path

# List prices of US East (N. Virginia), arm64, without the free tier: see docs/benchmarks.md.
TRANSITION_DOLLARS = 25 / 1_000_000
INVOCATION_DOLLARS = 0.20 / 1_000_000
GIGABYTE_SECOND_DOLLARS = 0.0000133334
CACHED_GIGABYTE_SECOND_DOLLARS = 0.0000015046
RESTORED_GIGABYTE_DOLLARS = 0.0001397998

MEMORIES = (512, 1024, 1769)
"""Megabytes that are compared; 1,769 MB is one processor (Lambda Developer Guide, "Configure function memory")."""

_WHOLE_PROCESSOR = 1769
_WARM_PROCESSOR_SECONDS = 0.015
"""The processor time of a warm invocation, measured on a whole processor."""


def gigabyte_seconds(path: Path, cold_starts: Mapping[str, float], memory: int = 512) -> float:
    """Return the gigabyte-seconds of a path on which every function starts cold once.

    Args:
        path: Its invocations and calls.
        cold_starts: The seconds of a cold start by function, on a whole processor.
        memory: Megabytes.
    """
    cold = sum(cold_starts[function] for function in path.invocations)
    warm = path.invocations.total() * _WARM_PROCESSOR_SECONDS * max(1.0, _WHOLE_PROCESSOR / memory)
    return memory / 1024 * (cold + warm + path.calls.total() * CALL_SECONDS)


def dollars(path: Path, cold_starts: Mapping[str, float], memory: int = 512) -> float:
    """Return the price of a path in Step Functions and Lambda."""
    return (
        path.transitions * TRANSITION_DOLLARS
        + path.invocations.total() * INVOCATION_DOLLARS
        + gigabyte_seconds(path, cold_starts, memory) * GIGABYTE_SECOND_DOLLARS
    )


def call_seconds(cold_start: float, memory: int, calls: int = 1) -> float:
    """Return how long an invocation takes that makes some calls of AWS.

    Args:
        cold_start: Seconds of the cold start, 0 if it is warm. Little memory does not slow an initialisation down.
        memory: Megabytes; below a whole processor, computing takes longer.
        calls: How many calls it makes.
    """
    return cold_start + calls * CALL_SECONDS + _WARM_PROCESSOR_SECONDS * max(1.0, _WHOLE_PROCESSOR / memory)


def call_dollars(seconds: float, memory: int) -> float:
    """Return the price of an invocation."""
    return INVOCATION_DOLLARS + seconds * memory / 1024 * GIGABYTE_SECOND_DOLLARS
