"""The needs of S3's calls. S3 has no operations in its requests: method, path and query tell.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

import re
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import unescape

from localcloud.iam.need import Context, Need, on_each
from localcloud.wire.call import Call

# Sub-resources of a bucket whose actions are named Get… and Put…; to delete one needs Put… too.
_OF_BUCKET = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
}
# Those that have an action of their own for deleting.
_DELETED_OF_BUCKET = {"policy": "BucketPolicy", "website": "BucketWebsite"}
_OF_OBJECT = {
    "acl": "ObjectAcl",
    "legal-hold": "ObjectLegalHold",
    "retention": "ObjectRetention",
    "tagging": "ObjectTagging",
}
_PREFIXES = {"GET": "Get", "HEAD": "Get", "PUT": "Put", "DELETE": "Put", "POST": "Put"}

# What a listing is narrowed by, which conditions can look at.
_LISTING = {"prefix", "delimiter", "max-keys"}

_DELETED = re.compile(r"<Object\b[^>]*>.*?<Key>(?P<key>.*?)</Key>(?P<rest>.*?)</Object>", re.DOTALL)


def needs_of(call: Call) -> list[Need]:
    """See `needs.needs_of`."""
    path = call.path.encode("latin-1", "replace").decode("utf-8", "replace")
    bucket, _, key = path.lstrip("/").partition("/")
    query = dict(parse_qsl(call.query, keep_blank_values=True))
    if not bucket:
        return [Need("s3:ListAllMyBuckets")]
    arn = f"arn:aws:s3:::{bucket}"
    if not key:
        return _of_bucket(call, arn, query)
    return _of_object(call, f"{arn}/{key}", query)


def _of_bucket(call: Call, arn: str, query: dict[str, str]) -> list[Need]:
    if call.method == "POST" and "delete" in query:
        return _deletions(arn, call.body or b"")
    for name, noun in _DELETED_OF_BUCKET.items():
        if name in query:
            verb = "Delete" if call.method == "DELETE" else _PREFIXES[call.method]
            return [Need(f"s3:{verb}{noun}", arn)]
    for name, noun in _OF_BUCKET.items():
        if name in query:
            return [Need(f"s3:{_PREFIXES.get(call.method, 'Get')}{noun}", arn)]
    if call.method in ("PUT", "DELETE"):
        return [Need("s3:CreateBucket" if call.method == "PUT" else "s3:DeleteBucket", arn)]
    if call.method == "POST":
        return [Need("s3:PutObject", f"{arn}/*")]  # a browser's form, whose key stands in the body
    action = "ListBucketMultipartUploads" if "uploads" in query else "ListBucket"
    action = "ListBucketVersions" if "versions" in query else action
    context: Context = {f"s3:{name}": query[name] for name in _LISTING & query.keys()}
    return [Need(f"s3:{action}", arn, context)]


def _deletions(arn: str, body: bytes) -> list[Need]:
    text = body.decode("utf-8", "replace")
    return [
        Need(
            "s3:DeleteObjectVersion" if "<VersionId>" in found["rest"] else "s3:DeleteObject",
            f"{arn}/{unescape(found['key'])}",
        )
        for found in _DELETED.finditer(text)
    ]


def _of_object(call: Call, arn: str, query: dict[str, str]) -> list[Need]:
    version = "Version" if "versionId" in query else ""
    for name, noun in _OF_OBJECT.items():
        if name in query:
            verb = "Delete" if call.method == "DELETE" else _PREFIXES[call.method]
            # Of a version, the word stands in the middle: GetObjectVersionTagging.
            return [Need(f"s3:{verb}{noun.replace('Object', f'Object{version}')}", arn)]
    match call.method:
        case "GET" if "uploadId" in query:
            actions = ["ListMultipartUploadParts"]
        case "GET" if "attributes" in query:
            actions = [f"GetObject{version}", f"GetObject{version}Attributes"]
        case "GET" | "HEAD":
            actions = [f"GetObject{version}"]
        case "DELETE":
            actions = ["AbortMultipartUpload" if "uploadId" in query else f"DeleteObject{version}"]
        case "POST" if "restore" in query:
            actions = ["RestoreObject"]
        case _:
            actions = ["PutObject"]
    needs = [Need(f"s3:{action}", arn) for action in actions]
    if call.copy_source:
        source = unquote(call.copy_source).lstrip("/").partition("?versionId=")
        needs += on_each(f"s3:GetObject{'Version' if source[1] else ''}", [f"arn:aws:s3:::{source[0]}"])
    return needs
