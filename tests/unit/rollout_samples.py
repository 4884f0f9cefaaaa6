"""Settings and policies of the hosting simulator's updates."""

from __future__ import annotations

from deployer.json_document import Document
from local.simulator import Settings
from tests.unit.hosting.account import WAIT, blue_green, canary, instances, percent, rolling, variant

SETTINGS = Settings()
READY = SETTINGS.update_seconds
SHORT = SETTINGS.stage_seconds
FOUR = [variant(InitialInstanceCount=4)]
NEW = [variant(InitialInstanceCount=4, ModelName="n")]
STEP = [("Updating", "", "ActivatingTraffic"), ("Updating", "", "Baking")]
PROVISION, CLEANING = ("Updating", "", "Creating"), ("Updating", "Deleting", "")
DONE = ("InService", "", "")
PLANS: dict[str, tuple[Document, list[tuple[str, str, str]], float]] = {
    "without guardrails": ({}, [PROVISION, STEP[0], CLEANING, DONE], 0),
    "all at once": (blue_green("ALL_AT_ONCE"), [PROVISION, *STEP, CLEANING, DONE], WAIT),
    "canary": (canary(), [PROVISION, *STEP, *STEP, CLEANING, DONE], 2 * WAIT + SHORT),
    "linear": (
        blue_green("LINEAR", LinearStepSize=percent(40)),
        [PROVISION, *STEP, *STEP, *STEP, CLEANING, DONE],
        3 * WAIT + 2 * SHORT,
    ),
    "the old fleet waits": (
        canary(TerminationWaitInSeconds=900),
        [PROVISION, *STEP, *STEP, ("Updating", "", ""), CLEANING, DONE],
        2 * WAIT + SHORT + 900,
    ),
    "rolling": (
        rolling(instances(2)),
        2 * [PROVISION, *STEP, CLEANING] + [DONE],
        2 * WAIT + 2 * SHORT + READY,
    ),
    "rolling by 3 of 10 percent": (
        rolling(percent(30)),  # of 4 instances: 2 at a time
        2 * [PROVISION, *STEP, CLEANING] + [DONE],
        2 * WAIT + 2 * SHORT + READY,
    ),
}
