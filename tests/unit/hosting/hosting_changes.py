"""Configs, deployment policies and failures for property tests of the hosting simulator."""

from __future__ import annotations

from hypothesis import strategies as st

from deployer.json_document import Document
from local.simulator import Failure
from tests.unit.hosting.account import blue_green, canary, instances, percent, rolling

CONFIGS = [f"c{number}" for number in range(4)]
POLICIES: list[Document] = [
    {},
    blue_green("ALL_AT_ONCE", "one"),
    canary("two"),
    canary("one", "two", size=50, TerminationWaitInSeconds=600),
    canary(size=20, MaximumExecutionTimeoutInSeconds=900),
    canary(size=90),
    blue_green("LINEAR", "one", LinearStepSize=percent(30)),
    rolling(percent(30), "one"),
    rolling(instances(1), "two", RollbackMaximumBatchSize=percent(50), MaximumExecutionTimeoutInSeconds=1800),
]
FAILURES = st.builds(
    Failure,
    config=st.sampled_from([*CONFIGS, "*"]),
    stage=st.sampled_from(["Creating", "Baking", "RollingBack"]),
    reason=st.sampled_from(["", "No capacity."]),
    step=st.integers(1, 3),
    times=st.sampled_from([None, 1]),
)
