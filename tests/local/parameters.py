"""The parameters that the stack of these tests is deployed with."""

from __future__ import annotations

from local.environment import ACCOUNT_ID, REGION

NOTIFICATION_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT_ID}:deployments"
PARAMETERS = {"PollIntervalSeconds": "10", "FailureLogLines": "20", "NotificationTopicArn": NOTIFICATION_TOPIC}
