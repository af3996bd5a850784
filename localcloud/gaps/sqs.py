"""SQS: nothing lost or taken twice by requests at the same time, polls that end with their caller, speed."""

import time
from collections import Counter
from typing import Any

from moto.sqs import models
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend

from localcloud.gaps.patching import put_over
from localcloud.wire.connection import caller_is_gone

# How often a long poll looks whether its caller is still there and a visibility timeout ended, in seconds.
_GLANCE_SECONDS = 0.2

_VISIBLE = "ApproximateNumberOfMessages"
_IN_FLIGHT = "ApproximateNumberOfMessagesNotVisible"
_DELAYED = "ApproximateNumberOfMessagesDelayed"
_DEPTHS = (_VISIBLE, _IN_FLIGHT, _DELAYED)


def mend() -> None:
    """Mend all gaps of SQS."""
    _setting_attributes_keeps_the_policy()
    _messages_are_changed_by_one_request_at_a_time()
    _receiving_waits_without_holding_the_queue()
    _depth_costs_little()
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


def _messages_are_changed_by_one_request_at_a_time() -> None:
    """SQS loses no message. moto's DeleteMessage copies the list of messages and puts the copy back.

    What another thread adds meanwhile is lost.
    """

    def delete_message(queue: Queue, receipt_handle: str) -> None:
        with queue._messages_lock:
            if receipt_handle in queue.deleted_messages:
                return
            message = _message_of(queue, receipt_handle)
            queue._messages.remove(message)
            queue.pending_messages.discard(message)
            queue.deleted_messages.update(handle for handle in message.all_receipt_handles if handle)

    change = SQSBackend.change_message_visibility
    purge = SQSBackend.purge_queue

    def change_message_visibility(
        backend: SQSBackend, queue_name: str, receipt_handle: str, visibility_timeout: int
    ) -> None:
        queue = backend.get_queue(queue_name)
        with queue._messages_lock:
            change(backend, queue_name, receipt_handle, visibility_timeout)
            # A message given back is there at once for those who wait.
            queue._messages_lock.notify_all()

    def purge_queue(backend: SQSBackend, queue_name: str) -> None:
        with backend.get_queue(queue_name)._messages_lock:
            purge(backend, queue_name)

    put_over(Queue, "delete_message", delete_message)
    put_over(SQSBackend, "change_message_visibility", change_message_visibility)
    put_over(SQSBackend, "purge_queue", purge_queue)


def _message_of(queue: Queue, receipt_handle: str) -> Message:
    for message in queue._messages:
        if message.had_receipt_handle(receipt_handle):
            return message
    raise ReceiptHandleIsInvalid


def _receiving_waits_without_holding_the_queue() -> None:
    """SQS gives one message to one caller, and none to a caller that has hung up.

    In moto two requests at the same moment take the same message, and a long poll goes on for a
    caller that was killed: the next message goes to nobody until its visibility timeout ends.
    """
    receive_now = SQSBackend.receive_message

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
                messages = receive_now(
                    backend, queue_name, count, 0, visibility_timeout, message_attribute_names
                )
                left = deadline - time.monotonic()
                if messages or left <= 0:
                    return messages
                queue._messages_lock.wait(min(left, _GLANCE_SECONDS))
        return []

    put_over(SQSBackend, "receive_message", receive_message)


def _depth_costs_little() -> None:
    """SQS is as fast with many messages waiting as with few.

    moto asks a slow clock several times for each message, and on each send counts them all thrice.
    """
    put_over(models, "unix_time", time.time)
    put_over(models, "unix_time_millis", lambda: time.time() * 1000)


def _depth_is_counted_at_one_instant() -> None:
    """Every message of a queue is counted once: as visible, in flight or delayed.

    moto counts one kind after the other, so that a message whose visibility timeout ends in between is
    counted as neither, and a queue that is not empty says that it is.
    """

    def attributes_now(backend: SQSBackend, queue_name: str, attribute_names: list[str]) -> dict[str, Any]:
        queue = backend.get_queue(queue_name)
        with queue._messages_lock:
            found = attributes(backend, queue_name, attribute_names)
            now = time.time() * 1000
            states = Counter(_state_of(message, now) for message in queue._messages)
        return found | {name: states[name] for name in _DEPTHS if name in found}

    attributes = SQSBackend.get_queue_attributes
    put_over(SQSBackend, "get_queue_attributes", attributes_now)


def _state_of(message: Message, now: float) -> str:
    """Return the attribute that counts a message. `now` is in milliseconds, as moto's times are."""
    if now < message.delayed_until:
        return _DELAYED
    return _VISIBLE if now > message.visible_at else _IN_FLIGHT
