"""What can go wrong with a call: in its place, before the cloud hears of it, or after it was done."""

import json
from dataclasses import replace
from typing import Any

from tests.faults.calls import Answer, Call, Cut, Forward

# The calls whose body names many messages, and where in the body they stand.
ENTRIES = "Entries"


def reset_before(call: Call, forward: Forward) -> Answer:
    """Reset the connection; the cloud never hears of the call."""
    raise Cut


def reset_after(call: Call, forward: Forward) -> Answer:
    """Let the call have its effect and lose the answer."""
    forward(call)
    raise Cut


def server_error(call: Call, forward: Forward) -> Answer:
    """Fail inside the service."""
    return call.refusal(500, "InternalFailure", "InternalError")


def unavailable(call: Call, forward: Forward) -> Answer:
    """Answer 503 in a load balancer's words, which are in no service's shape."""
    return Answer(503, [("Content-Type", "text/html")], b"<html>503 Service Temporarily Unavailable</html>")


def throttle(call: Call, forward: Forward) -> Answer:
    """Ask for fewer calls: SQS with a 400, S3 with a 503."""
    if call.action:
        return call.refusal(400, "RequestThrottled", "")
    return call.refusal(503, "", "SlowDown", "Please reduce your request rate.")


def expired(call: Call, forward: Forward) -> Answer:
    """Refuse the session token; S3 answers a HEAD with a bare 400."""
    return call.refusal(
        403 if call.action else 400, "ExpiredToken", "ExpiredToken", "The provided token has expired."
    )


def fail_one_entry(call: Call, forward: Forward) -> Answer:
    """Fail the first entry of a batch: it has no effect, and the answer says so."""
    return fail_entries(call.content[ENTRIES][:1], call, forward)


def fail_entries(failed: list[dict[str, Any]], call: Call, forward: Forward) -> Answer:
    """Fail some entries of a batch and pass on the others."""
    content = call.content
    others = [entry for entry in content[ENTRIES] if entry not in failed]
    answer = Answer(200, [("Content-Type", "application/x-amz-json-1.0")], b'{"Successful":[]}')
    if others:
        answer = forward(replace(call, body=json.dumps({**content, ENTRIES: others}).encode()))
    body = json.loads(answer.body)
    reason = {"SenderFault": False, "Code": "InternalError", "Message": "injected by the test"}
    body["Failed"] = [*body.get("Failed", []), *({"Id": entry["Id"], **reason} for entry in failed)]
    answer.body = json.dumps(body).encode()
    return answer
