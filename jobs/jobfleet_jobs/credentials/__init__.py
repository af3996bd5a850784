"""AWS credentials as people have them: what may be shown, what AWS can take, and how to mend the rest.

Knows botocore's objects only by their names, so that it needs nothing but the standard library. Never imports
the protocol.
"""
