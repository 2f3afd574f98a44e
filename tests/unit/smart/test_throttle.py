"""Failures are counted by address and minute; successes cost nothing."""

from fhir_server.smart.throttle import WINDOW_SECONDS, Throttle
from tests.smart_clients import SECOND


def test_who_fails_too_often_waits_until_the_minute_is_over() -> None:
    time = [0]
    throttle = Throttle(lambda: time[0], most=3)
    for _ in range(3):
        assert throttle.wait_seconds("mallory") == 0
        throttle.failed("mallory")

    assert throttle.wait_seconds("mallory") == WINDOW_SECONDS
    assert throttle.wait_seconds("alice") == 0
    time[0] = WINDOW_SECONDS * SECOND
    assert throttle.wait_seconds("mallory") == 0
