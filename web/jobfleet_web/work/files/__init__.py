"""Files in the bucket on their way to a browser, and large ones on their way there."""
