"""Images as files: decoded, encoded, with their palettes, orientation and metadata.

Never imports an operation.
"""
