"""SQS: nothing lost or taken twice by requests at the same time, polls that end with their caller, fair."""

import re
import time
from copy import deepcopy
from typing import Any

from moto.sqs import models
from moto.sqs.exceptions import InvalidParameterValue, ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend

from localcloud.gaps.patching import put_over
from localcloud.gaps.sqs.message_line import MessageLine
from localcloud.wire.connection import caller_is_gone

# How often a long poll looks whether its caller is still there and a visibility timeout ended, in seconds.
_GLANCE_SECONDS = 0.2

# The longest that a message may be hidden, from when it was sent, in seconds.
_HIDDEN_MAX_SECONDS = 43_200

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_GROUP_ID = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")


def mend() -> None:
    """Mend all gaps of SQS."""
    _setting_attributes_keeps_the_policy()
    _messages_stand_in_a_line_that_is_fair()
    _a_group_has_a_name_that_sqs_takes()
    _messages_are_changed_by_one_request_at_a_time()
    _receiving_waits_without_holding_the_queue()
    _time_costs_little()
    _depth_is_counted_at_one_instant()


def _setting_attributes_keeps_the_policy() -> None:
    """SetQueueAttributes changes what it names. moto drops the queue's policy unless it is named too."""
    set_attributes = Queue._set_attributes

    def set_named_attributes(queue: Queue, attributes: dict[str, Any], now: float | None = None) -> None:
        # A queue that is just being made has none yet.
        policy = queue.policy if hasattr(queue, "_policy_json") else None
        set_attributes(queue, attributes, now)
        if "Policy" not in attributes:
            queue.policy = policy

    put_over(Queue, "_set_attributes", set_named_attributes)


def _messages_stand_in_a_line_that_is_fair() -> None:
    """A standard queue is fair among message groups, and as fast when it is long (`message_line`)."""
    make = Queue.__init__

    def init(queue: Queue, *arguments: Any, **more: Any) -> None:
        make(queue, *arguments, **more)
        queue._messages = MessageLine()  # type: ignore[assignment]

    put_over(Queue, "__init__", init)


def _line(queue: Queue) -> MessageLine:
    line: Any = queue._messages
    assert isinstance(line, MessageLine)  # noqa: S101 - for the type checker
    return line


def _a_group_has_a_name_that_sqs_takes() -> None:
    """A group's name is at most 128 letters, digits and signs. moto takes any, also on standard queues."""
    validate = SQSBackend._validate_message

    def validate_group(backend: SQSBackend, queue: Queue, *arguments: Any, **more: Any) -> None:
        # A batch gives it by its place, a single message by its name.
        group_id = more["group_id"] if "group_id" in more else arguments[3]
        if group_id is not None and not _GROUP_ID.fullmatch(group_id):
            raise InvalidParameterValue(
                f"Value {group_id} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only "
                "include alphanumeric and punctuation characters. 1 to 128 in length."
            )
        validate(backend, queue, *arguments, **more)

    put_over(SQSBackend, "_validate_message", validate_group)


def _messages_are_changed_by_one_request_at_a_time() -> None:
    """SQS loses no message. moto's DeleteMessage copies the list of messages and puts the copy back.

    What another thread adds meanwhile is lost.
    """

    def delete_message(queue: Queue, receipt_handle: str) -> None:
        with queue._messages_lock:
            if receipt_handle in queue.deleted_messages:
                return
            message = _message_of(queue, receipt_handle)
            _line(queue).remove(message)
            queue.deleted_messages.update(handle for handle in message.all_receipt_handles if handle)

    purge = SQSBackend.purge_queue

    def change_message_visibility(
        backend: SQSBackend, queue_name: str, receipt_handle: str, visibility_timeout: int
    ) -> None:
        queue, seconds = backend.get_queue(queue_name), int(visibility_timeout)
        with queue._messages_lock:
            message = _message_of(queue, receipt_handle)
            if time.time() + seconds - (message.sent_timestamp or 0) / 1000 > _HIDDEN_MAX_SECONDS:
                raise InvalidParameterValue(
                    f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: Total "
                    f"VisibilityTimeout for the message is beyond the limit [{_HIDDEN_MAX_SECONDS} seconds]"
                )
            _line(queue).change_visibility(message, seconds)
            # A message given back is there at once for those who wait.
            queue._messages_lock.notify_all()

    def purge_queue(backend: SQSBackend, queue_name: str) -> None:
        queue = backend.get_queue(queue_name)
        with queue._messages_lock:
            kind = type(_line(queue))
            purge(backend, queue_name)
            queue._messages = kind()  # type: ignore[assignment]

    put_over(Queue, "delete_message", delete_message)
    put_over(SQSBackend, "change_message_visibility", change_message_visibility)
    put_over(SQSBackend, "purge_queue", purge_queue)


def _message_of(queue: Queue, receipt_handle: str) -> Message:
    message = _line(queue).with_handle(receipt_handle)
    if message is None:
        raise ReceiptHandleIsInvalid
    return message


def _receiving_waits_without_holding_the_queue() -> None:
    """SQS gives one message to one caller, and none to a caller that has hung up.

    In moto two requests at the same moment take the same message, and a long poll goes on for a
    caller that was killed: the next message goes to nobody until its visibility timeout ends.
    """

    def receive_message(
        backend: SQSBackend,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Message]:
        queue = backend.get_queue(queue_name)
        deadline = time.monotonic() + wait_seconds_timeout
        # A condition's lock is free while it waits.
        with queue._messages_lock:
            while not caller_is_gone():
                messages = _line(queue).receive(
                    count, int(visibility_timeout), lambda message: _may_be_received(queue, message)
                )
                left = deadline - time.monotonic()
                if messages or left <= 0:
                    return [_copy(message, message_attribute_names or []) for message in messages]
                queue._messages_lock.wait(min(left, _GLANCE_SECONDS))
        return []

    put_over(SQSBackend, "receive_message", receive_message)


def _may_be_received(queue: Queue, message: Message) -> bool:
    """Tell whether a message is given out (again); one received too often becomes a dead letter."""
    kept: Any = queue.message_retention_period  # type: ignore[attr-defined]
    if (message.sent_timestamp or 0) / 1000 + kept <= time.time():
        return False
    limit = queue.redrive_policy["maxReceiveCount"] if queue.redrive_policy else None
    if queue.dead_letter_queue is None or not limit or message.approximate_receive_count < limit:
        return True
    queue.dead_letter_queue.add_message(message)
    return False


def _copy(message: Message, attributes: list[str]) -> Message:
    copy = deepcopy(message)
    models._filter_message_attributes(copy, attributes)
    return copy


def _time_costs_little() -> None:
    """SQS is fast. moto asks a slow clock several times for each message."""
    put_over(models, "unix_time", time.time)
    put_over(models, "unix_time_millis", lambda: time.time() * 1000)


def _depth_is_counted_at_one_instant() -> None:
    """Every message of a queue is counted once: as visible, in flight or delayed.

    moto counts one kind after the other, so that a message whose visibility timeout ends in between is
    counted as neither, and a queue that is not empty says that it is. On each send it counts them all.
    """

    def attributes_now(backend: SQSBackend, queue_name: str, attribute_names: list[str]) -> dict[str, Any]:
        found = attributes(backend, queue_name, attribute_names)
        queue = backend.get_queue(queue_name)
        with queue._messages_lock:
            counts = dict(zip(_COUNTS, _line(queue).counts(), strict=True))
        return found | {name: counts[name] for name in _COUNTS if name in found}

    attributes = SQSBackend.get_queue_attributes
    put_over(SQSBackend, "get_queue_attributes", attributes_now)
    for name in ("", "_delayed", "_not_visible"):
        put_over(Queue, f"approximate_number_of_messages{name}", 0)
