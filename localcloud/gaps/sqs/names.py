"""SQS: names of queues that were made or deleted a moment ago, or never."""

import time
from typing import Any

from moto.sqs.exceptions import SQSException
from moto.sqs.models import Queue, SQSBackend

from localcloud.gaps.patching import put_over
from localcloud.lateness.door import NO_DEAD_LETTERS, QUEUE
from localcloud.lateness.register import Thing, late


def mend() -> None:
    """Mend all gaps of SQS's names."""
    _the_name_of_a_deleted_queue_is_taken_for_a_while()
    _unknown_dead_letters_are_a_wrong_parameter()
    _queues_are_seen_late_where_that_is_asked_for()


class _DeletedRecentlyError(SQSException):
    def __init__(self, seconds: float) -> None:
        super().__init__(
            "AWS.SimpleQueueService.QueueDeletedRecently",
            f"You must wait {seconds:.0f} seconds after deleting a queue before you can create another "
            "with the same name.",
        )


def _the_name_of_a_deleted_queue_is_taken_for_a_while() -> None:
    """CreateQueue answers QueueDeletedRecently for 60 seconds after a queue of that name was deleted.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html. moto makes it
    at once.
    """
    deleted: dict[tuple[str, str, str], float] = {}
    create, delete = SQSBackend.create_queue, SQSBackend.delete_queue

    def delete_queue(backend: SQSBackend, queue_name: str) -> None:
        delete(backend, queue_name)
        deleted[backend.account_id, backend.region_name, queue_name] = time.monotonic()

    def create_queue(backend: SQSBackend, name: str, *arguments: Any, **more: Any) -> Queue:
        at = deleted.get((backend.account_id, backend.region_name, name))
        seconds = late.delays.queue_names_after
        if at is not None and name not in backend.queues and time.monotonic() < at + seconds:
            raise _DeletedRecentlyError(seconds)
        return create(backend, name, *arguments, **more)

    put_over(SQSBackend, "delete_queue", delete_queue)
    put_over(SQSBackend, "create_queue", create_queue)


def _unknown_dead_letters_are_a_wrong_parameter() -> None:
    """A RedrivePolicy that names no queue is InvalidParameterValue. moto says NonExistentQueue.

    The dead-letter queue has to be made first:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html.
    """
    set_up = Queue._setup_dlq

    def set_up_known(queue: Queue, policy: Any) -> None:
        try:
            set_up(queue, policy)
        except SQSException as problem:
            if problem.code != "AWS.SimpleQueueService.NonExistentQueue":
                raise
            words = f"Value {policy} for parameter RedrivePolicy is invalid. Reason: {NO_DEAD_LETTERS}"
            raise SQSException("InvalidParameterValue", words) from problem

    put_over(Queue, "_setup_dlq", set_up_known)


def _queues_are_seen_late_where_that_is_asked_for() -> None:
    """A new queue is unknown for a second, and a deleted one is listed for up to a minute.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html,
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html. moto is never
    late. `lateness.door` refuses the calls that name a new one.
    """
    create, delete, listed = SQSBackend.create_queue, SQSBackend.delete_queue, SQSBackend.list_queues

    def create_queue(backend: SQSBackend, name: str, *arguments: Any, **more: Any) -> Queue:
        is_new = name not in backend.queues
        made = create(backend, name, *arguments, **more)
        if is_new:
            late.made(Thing(backend.account_id, QUEUE, name))
        return made

    def delete_queue(backend: SQSBackend, queue_name: str) -> None:
        queue = backend.queues.get(queue_name)
        delete(backend, queue_name)
        late.removed(backend.account_id, QUEUE, queue)

    def list_queues(backend: SQSBackend, queue_name_prefix: str) -> list[Queue]:
        gone = late.lingering("ListQueues", backend.account_id, QUEUE)
        there = listed(backend, queue_name_prefix)
        names = {queue.name for queue in there}
        prefix = queue_name_prefix or ""
        return there + [one for one in gone if one.name.startswith(prefix) and one.name not in names]

    put_over(SQSBackend, "create_queue", create_queue)
    put_over(SQSBackend, "delete_queue", delete_queue)
    put_over(SQSBackend, "list_queues", list_queues)
