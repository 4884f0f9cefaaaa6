"""The SageMaker hosting simulator: models, endpoint configs and endpoints that behave as the service's do.

It exists for what other stand-ins lack: replicas that lag, so that a read may be stale after a good one; "already
exists" and "in progress" in the service's own words; life-cycles that take time; traffic that shifts step by step;
updates that roll back; faults.
"""

from local.simulator.errors import ConnectionDroppedError, FunctionKilledError, ServiceError
from local.simulator.settings import EventDelivery, Failure, Fault, Settings
from local.simulator.simulator import Simulator

__all__ = [
    "ConnectionDroppedError",
    "EventDelivery",
    "Failure",
    "Fault",
    "FunctionKilledError",
    "ServiceError",
    "Settings",
    "Simulator",
]
