"""The version, read by the build backend.

A deployment sets `JOBFLEET_BUILD` to the hash of the sources it builds from. The hash becomes
the version's local part, so that pip installs a changed source as a new version and an
unchanged one not at all.
"""

import os

__version__ = "0.1.0" + (f"+{os.environ['JOBFLEET_BUILD']}" if os.environ.get("JOBFLEET_BUILD") else "")
