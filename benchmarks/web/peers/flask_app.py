"""Flask as courses have it: put the file into the bucket, send a message, answer; boto3 for both calls."""

import uuid

from flask import Flask, Response, jsonify, request

from benchmarks.peers.task import BUCKET, QUEUE_URL, client

app = Flask(__name__)
s3, sqs = client("s3"), client("sqs")


@app.post("/", defaults={"path": ""})
@app.post("/<path:path>")
def upload(path: str) -> Response:
    """Store each file and send a request for it."""
    jobs = []
    for file in request.files.values():
        job = str(uuid.uuid4())
        s3.put_object(Bucket=BUCKET, Key=f"uploads/{job}/{file.filename}", Body=file.read())
        sqs.send_message(QueueUrl=QUEUE_URL, MessageBody=job)
        jobs.append({"id": job, "name": file.filename})
    return jsonify(jobs=jobs)
