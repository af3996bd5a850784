"""The circuit breaker before every call to AWS."""

from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError
from jobfleet_worker.aws.circuit_breaker import CircuitBreaker


class Time:
    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at

    def now(self) -> Any:
        raise NotImplementedError


def test_a_call_that_was_under_way_when_the_trouble_came_does_not_end_it() -> None:
    time, said = Time(), []
    breaker = CircuitBreaker(time, lambda: None, lambda event, **_: said.append(event))
    time.at = 1.0
    breaker.failed("sqs", EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), None)

    breaker.passed("sqs", begun=0.5)
    assert said == ["paused"]

    breaker.passed("sqs", begun=2.0)
    assert said == ["paused", "resumed"]


def test_the_trouble_of_one_service_is_not_ended_by_another() -> None:
    time, said = Time(), []
    breaker = CircuitBreaker(time, lambda: None, lambda event, **_: said.append(event))
    breaker.failed("sqs", EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), None)

    breaker.passed("s3", begun=1.0)

    assert said == ["paused"]


def test_credentials_that_come_while_the_old_ones_are_found_refused_open_it_at_once() -> None:
    file = ["old"]

    def credentials() -> str:
        read = file[0]
        file[0] = "new"  # right after this look
        return read

    breaker = CircuitBreaker(Time(), credentials, lambda *_, **__: None)
    breaker.failed("sqs", ClientError({"Error": {"Code": "ExpiredToken"}}, "GetQueueUrl"), "old")

    assert breaker.lets_through()
