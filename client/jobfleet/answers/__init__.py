"""Answers on their way to who waits for them: jobs as futures, the reply queue, results in the bucket.

Never imports what sends (`sending`) or shows (`cli`).
"""
