"""S3's own events to queues: what they hold, who may be sent them, and how they are asked for."""

import json
import re
import threading
import time
from functools import partial
from typing import Any
from urllib.parse import quote_plus

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.s3 import notifications
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, Notification, S3Backend
from moto.s3.responses import S3Response
from moto.sqs.models import Queue, sqs_backends

from localcloud.gaps.patching import put_over
from localcloud.iam.current_caller import current_credential
from localcloud.iam.need import Need
from localcloud.iam.policy import Decision, decide
from localcloud.lateness.door import QUEUE, QUEUE_POLICY
from localcloud.lateness.register import Thing, late

_NAME = re.compile(rb"<Name>\s*(prefix|suffix)\s*</Name>", re.IGNORECASE)

_waiting = threading.local()
_sequence = threading.Lock()
_last = 0


def mend() -> None:
    """Mend all gaps of S3's events."""
    _filters_are_named_in_any_case()
    _a_queue_that_may_not_be_sent_events_is_refused()
    _events_say_all_that_s3_says()
    _events_go_where_the_queue_lets_them()
    _an_event_comes_when_the_object_is_whole()
    _an_upload_in_parts_is_one_event()
    _new_notifications_are_in_force_after_a_while()


def _filters_are_named_in_any_case() -> None:
    """S3 takes `prefix` and `Prefix`, and answers `Prefix`. moto fails with a 500 at all but `prefix`."""
    parse = S3Response._notification_config_from_body

    def from_body(response: S3Response) -> dict[str, Any]:
        original = response.body
        body = original if isinstance(original, bytes) else str(original).encode()
        response.body = _NAME.sub(lambda name: b"<Name>" + name[1].lower() + b"</Name>", body)
        try:
            config = parse(response)
        finally:
            response.body = original
        for kind in ("Topic", "Queue", "CloudFunction"):
            for one in config.get(f"{kind}Configuration") or ():
                for rule in ((one.get("Filter") or {}).get("S3Key") or {}).get("FilterRule", ()):
                    rule["Name"] = rule["Name"].capitalize()
        return config

    def key_matches(notification: Notification, key: str) -> bool:
        rules = notification.filters.get("S3Key", {}).get("FilterRule", ())
        wanted = {rule["Name"].lower(): rule["Value"] for rule in rules}
        return key.startswith(wanted.get("prefix", "")) and key.endswith(wanted.get("suffix", ""))

    put_over(S3Response, "_notification_config_from_body", from_body)
    put_over(Notification, "_key_matches", key_matches)


def _a_queue_that_may_not_be_sent_events_is_refused() -> None:
    """PutBucketNotificationConfiguration tries each queue, and changes nothing where one cannot be reached.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ways-to-add-notification-config-to-bucket.html.
    moto takes any ARN, so a missing queue, or a missing policy, would be found out on AWS alone.
    """
    set_configuration = FakeBucket.set_notification_configuration

    def set_checked(bucket: FakeBucket, config: dict[str, Any] | None) -> None:
        for one in (config or {}).get("QueueConfiguration") or ():
            if _is_unseen(one["Queue"]) or not _may_send(bucket.name, bucket.account_id, one["Queue"]):
                raise S3ClientError(
                    "InvalidArgument", "Unable to validate the following destination configurations"
                )
        set_configuration(bucket, config)

    put_over(FakeBucket, "set_notification_configuration", set_checked)


def _is_unseen(arn: str) -> bool:
    """Tell whether S3 does not see a queue yet, or the policy that was just put on it."""
    account, name = arn.split(":")[4:6]
    return any(
        late.is_unseen("PutBucketNotification", Thing(account, kind, name)) for kind in (QUEUE, QUEUE_POLICY)
    )


def _new_notifications_are_in_force_after_a_while() -> None:
    """After a notification was made or changed, "you typically need to wait five minutes".

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-enable-disable-notification-intro.html. What
    is put before is never told of; `s3:TestEvent` comes at once and proves nothing. moto heeds it at once.
    """
    since: dict[tuple[str, str], float] = {}
    set_configuration = FakeBucket.set_notification_configuration
    send = notifications.send_event

    def set_later(bucket: FakeBucket, config: dict[str, Any] | None) -> None:
        before = json.dumps(_told(bucket), default=vars)
        set_configuration(bucket, config)
        if json.dumps(_told(bucket), default=vars) != before:
            since[bucket.account_id, bucket.name] = time.monotonic()

    def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
        changed = since.get((account_id, bucket.name))
        if changed is None or time.monotonic() >= changed + late.delays.events_after:
            send(account_id, event_name, bucket, key)

    put_over(FakeBucket, "set_notification_configuration", set_later)
    put_over(notifications, "send_event", send_event)


def _told(bucket: FakeBucket) -> Any:
    return bucket.notification_configuration and bucket.notification_configuration.queue


def _events_go_where_the_queue_lets_them() -> None:
    """S3 sends as the service `s3.amazonaws.com`, and what the queue's policy refuses is lost without a word.

    moto puts events into any queue.
    """
    send = notifications._send_sqs_message

    def send_where_allowed(account_id: str, event_body: Any, queue_name: str, region_name: str) -> None:
        event, queue, region = event_body, queue_name, region_name
        test = event.get("Event") == "s3:TestEvent"
        name = event["Bucket"] if test else event["Records"][0]["s3"]["bucket"]["name"]
        if _may_send(name, account_id, f"arn:aws:sqs:{region}:{account_id}:{queue}"):
            send(account_id, event, queue, region)

    put_over(notifications, "_send_sqs_message", send_where_allowed)


def _an_event_comes_when_the_object_is_whole() -> None:
    """S3 sends an event once it has finished the request. moto sends it before the object has its metadata.

    So events wait for the end of the request in hand, and go with it where it fails.
    """
    send = notifications._send_sqs_message

    def send_at_the_end(*arguments: Any, **more: Any) -> None:
        waiting = getattr(_waiting, "events", None)
        if waiting is None:
            send(*arguments, **more)
        else:
            waiting.append(partial(send, *arguments, **more))

    def whole(respond: Any) -> Any:
        def response(*arguments: Any, **more: Any) -> Any:
            events: list[partial[None]] = []
            _waiting.events = events
            try:
                answer = respond(*arguments, **more)
            finally:
                _waiting.events = None
            for event in events:
                event()
            return answer

        return response

    put_over(notifications, "_send_sqs_message", send_at_the_end)
    for name in ("_key_response", "_bucket_response"):
        put_over(S3Response, name, whole(getattr(S3Response, name)))


def _an_upload_in_parts_is_one_event() -> None:
    """S3 sends `ObjectCreated:CompleteMultipartUpload` for it. moto sends `ObjectCreated:Put` before."""
    put = S3Backend.put_object

    def put_object(backend: S3Backend, *arguments: Any, **more: Any) -> Any:
        if more.get("multipart") is not None:
            more["disable_notification"] = True
        return put(backend, *arguments, **more)

    put_over(S3Backend, "put_object", put_object)


def _may_send(bucket: str, owner: str, arn: str) -> bool:
    _, _, _, region, account, name = arn.split(":", 5)
    queue: Queue | None = sqs_backends[account][region].queues.get(name)
    if queue is None:
        return False
    ours = [one for one in queue._policy_json["Statement"] if _is_for_s3(one.get("Principal"))]
    context: dict[str, str | list[str]] = {
        "aws:SourceArn": f"arn:aws:s3:::{bucket}",
        "aws:SourceAccount": owner,
        "aws:SecureTransport": "true",
    }
    return decide([{"Statement": ours}], Need("sqs:SendMessage", arn), context) is Decision.ALLOWED


def _is_for_s3(principal: Any) -> bool:
    if not isinstance(principal, dict):
        return bool(principal == "*")
    services = principal.get("Service", [])
    everybody = principal.get("AWS", []) in ("*", ["*"])
    return everybody or "s3.amazonaws.com" in ([services] if isinstance(services, str) else services)


def _events_say_all_that_s3_says() -> None:
    """An event has who, from where, the version where the bucket has versions, and a sequencer.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html. Of two
    events of one key the one with the greater sequencer is the later, compared as text after the shorter
    one was filled up with zeros on the right. The key is encoded as in a form, so a space is `+`; slashes
    stay. moto leaves all of that out but the encoding, and encodes slashes too. S3 sends an event at least
    once and in any order; here it comes once and in order, and a test that wants it otherwise sends it
    again.
    """

    def event(event_name: str, bucket: Any, key: Any, notification_id: str) -> dict[str, Any]:
        credential = current_credential()
        who = {"principalId": f"AWS:{credential.user_id if credential else 'AIDAEXAMPLE'}"}
        thing = {
            "key": quote_plus(key.name, safe="/"),
            "size": key.size,
            "eTag": key.etag.replace('"', ""),
            "sequencer": _sequencer(),
        }
        if bucket.versioning_status:
            thing["versionId"] = key.version_id
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": bucket.region_name,
            "eventTime": iso_8601_datetime_with_milliseconds(),
            "eventName": event_name.removeprefix("s3:"),
            "userIdentity": who,
            "requestParameters": {"sourceIPAddress": "127.0.0.1"},
            "responseElements": {"x-amz-request-id": "LOCALCLOUD", "x-amz-id-2": "localcloud"},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": notification_id,
                "bucket": {"name": bucket.name, "ownerIdentity": {"principalId": "A1"}, "arn": bucket.arn},
                "object": thing,
            },
        }
        return json.loads(json.dumps({"Records": [record]}))  # type: ignore[no-any-return]

    put_over(notifications, "_get_s3_event", event)


def _sequencer() -> str:
    """Return the next sequencer; each second one is longer, as S3 promises no length."""
    global _last
    with _sequence:
        following = max(time.time_ns(), _last + 1)
        _last = following + (following - _last + 1) % 2
        return f"{_last:018X}" + "01" * (_last % 2)
