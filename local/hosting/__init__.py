"""The SageMaker hosting simulator: models, endpoint configs and endpoints that behave as the service's do.

It exists for what other stand-ins lack: replicas that lag, so that a read may be stale after a good one; "already
exists" and "in progress" in the service's own words; life-cycles that take time; updates that roll back; faults.
"""

from local.hosting.errors import ConnectionDroppedError, ServiceError
from local.hosting.settings import Fault, Settings
from local.hosting.simulator import Simulator

__all__ = ["ConnectionDroppedError", "Fault", "ServiceError", "Settings", "Simulator"]
