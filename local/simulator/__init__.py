"""The SageMaker hosting simulator: models, endpoint configs, endpoints and their rollouts, a canary's for one.

Other simulators lack what it has: replicas that lag, so that a stale read may follow a fresh one; "already exists" and
"in progress" in the service's own words; life-cycles that take time; traffic that shifts step by step; updates that
roll back; faults.

Each behaviour names its source: AWS's documentation, botocore's service models, published answers or public issues.
What has none is assumed, and says what `make trial` compares with it. It accepts and ignores: data capture,
explainers, accelerators, pools of instances, managed scaling, network settings, encryption of volumes, quotas and the
variables of containers. An image that does not exist is not noticed, since there is no registry. Operations that it
does not have, sessions of stateful models, updates of inference components and sharing of instances among them are
refused by name.
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
