"""The server process of local AWS: MiniStack, with SageMaker hosting in it. `python -m local.aws.gateway`.

`local.aws.server` starts it. It listens on a socket that it inherits, and ends as soon as its standard input does: when
the program that started it closes it, or is gone.
"""

import asyncio
import os
import shutil
import signal
import sys

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack
from ministack.core import lambda_runtime, router

from local.autoscaling.service import SERVICE as SCALING
from local.aws import scaling
from local.aws.account import Account
from local.aws.audit import Audit
from local.aws.control_panel import Application, ControlPanel
from local.aws.corrections import (
    authorize_deletions_of_alarms,
    heed_conditions_of_copies,
    keep_whole_alarms,
    make_event_bus_policies,
    publish_metrics_of_logs,
    put_versions_in_events,
)
from local.aws.ministack_states import StepFunctions
from local.aws.real_clock import RealClock
from local.aws.redrive import with_redrive
from local.aws.sagemaker_events import Ticker, put_on_default_bus
from local.aws.sagemaker_service import SERVICE, SageMaker
from local.environment import ACCOUNT_ID, REGION
from local.simulator import Simulator

_SEED = 7


def main() -> None:
    """Serve until standard input ends; then end all that was started, and remove all that was stored."""
    url = os.environ["AWS_ENDPOINT_URL"]
    account = Account(url)
    clock = RealClock(float(os.environ["LOCAL_SPEED"]))
    targets, ticker = scaling.Scaling(RealClock()), Ticker(clock)
    simulator = Simulator(
        clock=clock,
        account_id=ACCOUNT_ID,
        region=REGION,
        seed=_SEED,
        storage=account,
        check_role=account.check_role,
        alarm_is_on=account.is_in_alarm,
        is_scaled=targets.is_scaled,
        write_log=account.write_log,
        on_event=put_on_default_bus,
        on_due=ticker.plan,
        moment_of=clock.wall_time,
    )
    ticker.start(simulator.catch_up)
    sagemaker, audit, states = SageMaker(simulator, targets), Audit(), StepFunctions()
    audit.begin()
    put_versions_in_events()
    make_event_bus_policies()
    heed_conditions_of_copies()
    publish_metrics_of_logs()
    keep_whole_alarms()
    authorize_deletions_of_alarms()
    states.install()
    ministack.SERVICE_HANDLERS["states"] = with_redrive(ministack.SERVICE_HANDLERS["states"])
    # Both SageMaker APIs are signed for the service "sagemaker". MiniStack does not know it, so it would route its
    # requests to S3.
    router.SERVICE_PATTERNS[SERVICE] = {"target_prefixes": ["SageMaker."], "host_patterns": []}
    ministack.SERVICE_HANDLERS[SERVICE] = sagemaker.handle
    router.SERVICE_PATTERNS[SCALING] = {"target_prefixes": [scaling.TARGET_PREFIX], "host_patterns": []}
    ministack.SERVICE_HANDLERS[SCALING] = targets.handle
    asyncio.run(_serve(ControlPanel(sagemaker, audit, states, ministack.app)))


async def _serve(application: Application) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_reader(sys.stdin, ended.set)
    config = Config()
    config.bind = [f"fd://{os.environ['LOCAL_SOCKET']}"]
    config.graceful_timeout = 0.5
    await serve(application, config, shutdown_trigger=ended.wait)
    lambda_runtime.reset()
    # The program that started this one removes the folder, too, but it may have been killed.
    shutil.rmtree(os.environ["LOCAL_FOLDER"], ignore_errors=True)
    # At once: threads may still wait for answers that nobody needs any more. Model servers end with their input.
    os._exit(0)


if __name__ == "__main__":
    main()
