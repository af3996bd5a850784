"""Bucket and queues: their settings, tags and policies."""
