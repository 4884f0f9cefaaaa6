"""A change of an endpoint is repeated, and something refuses: the first call may have been accepted all the same."""

from __future__ import annotations

import pytest

from deployer import errors
from deployer.aws.sagemaker import may_have_been_accepted

REFUSALS = [
    errors.AccessDeniedError,
    errors.AlarmRejectedError,
    errors.LiveConfigMissingError,
    errors.QuotaExceededError,
    errors.SageMakerRejectedError,
    errors.ScalingRejectedError,
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_refused_repetition_is_uncertain(refusal: type[errors.PermanentError]) -> None:
    """The message has the reason of the refusal."""
    with (
        pytest.raises(errors.ChangeUncertainError, match=rf"^{refusal.__name__}: no$"),
        may_have_been_accepted(is_retry=True),
    ):
        raise refusal("no")


@pytest.mark.parametrize("refusal", REFUSALS)
def test_refused_first_call_is_certain(refusal: type[errors.PermanentError]) -> None:
    with pytest.raises(refusal, match=r"^no$"), may_have_been_accepted(is_retry=False):
        raise refusal("no")


@pytest.mark.parametrize("error", [errors.DeploymentTimedOutError, errors.EndpointBusyError])
def test_errors_with_states_of_their_own_are_not_changed(error: type[errors.DeployerError]) -> None:
    """The state machine has states of its own for these."""
    with pytest.raises(error, match=r"^no$"), may_have_been_accepted(is_retry=True):
        raise error("no")
