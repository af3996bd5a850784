"""A long word takes no more work than its length: a message of 64 KiB must not hold a worker for minutes."""

import subprocess
import sys

# In a process of its own, as the system ends one that has used up its processor time, whatever it does.
# All these words together take two or three seconds of it; a pattern that goes back for each character takes
# minutes.
LIMIT_S = 20

READ = f"""
import io, resource
resource.setrlimit(resource.RLIMIT_CPU, ({LIMIT_S}, {LIMIT_S}))
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.csv_columns import read_columns
from jobfleet_jobs.numbers.file_reader import NumbersFile
from jobfleet_jobs.numbers.text_reader import read_text

units = ["1", "0", ".", ",", "-", "+", "e", "E", "(", "#", "#A", "_", "'", "%", "x", "1.", "1,", "1-", "1_1",
         "1'", "1'234", ".000", ",000", ",00", "\\u00a0", "\\u200b", "1\\u00a0", "\\u00a0000", "\\u2212",
         " 000", "1e", "1,5 ", "1.5 ", "sep="]
for unit in units:
    for begin in ("", "1"):
        text = begin + unit * (60_000 // len(unit)) + "x"
        for read in (
            lambda: read_text(text),
            lambda: [*NumbersFile(io.BytesIO(text.encode()))],
            lambda: read_columns("y;x\\n1;" + text, ["x"]),
            lambda: read_columns(text, ["x"]),
        ):
            try:
                read()
            except BadJob:
                pass
            else:
                raise AssertionError(text[:40])
print("done")
"""


def test_a_long_word_is_refused_with_work_that_grows_as_its_length() -> None:
    done = subprocess.run([sys.executable, "-c", READ], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("done\n", ""), done.returncode
