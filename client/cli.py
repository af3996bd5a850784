"""`jobfleet`: send jobs to the workers of a stack from the command line.

Only click and the standard library are imported up here: the help must come at once.
"""

import io
import os
import sys

import click

from client.commands.clear import clear
from client.commands.completion import completion
from client.commands.config import config
from client.commands.dead import dead
from client.commands.doctor import doctor
from client.commands.drop import drop
from client.commands.images import IMAGE_COMMANDS
from client.commands.jobs import jobs
from client.commands.logs import logs
from client.commands.operations import operations
from client.commands.result import result
from client.commands.run import run
from client.commands.shell import shell
from client.commands.stats import stats
from client.commands.status import status
from client.commands.submit import submit
from client.commands.wait import wait
from client.errors import EXIT_MEANINGS, Exit, FleetError, JobFailed
from client.invocation import Invocation, with_shared_options
from client.trouble import tell
from jobs.version import __version__

_EPILOG = "\b\nExit codes:\n" + "\n".join(
    f"  {code:>3}  {meaning}" for code, meaning in EXIT_MEANINGS.items()
)

# What stands beside a command's name in a line of 80 letters.
_SHORT_MAX = 62


@click.group(
    epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="jobfleet")
@with_shared_options(show=True)
def cli(invocation: Invocation) -> None:
    """Send jobs to the workers on your AWS account and get their answers.

    The options below may also stand after a command.
    """


def in_short(words: str) -> str:
    """Return the first sentence of a command's help, cut at a comma or colon if a line cannot hold it."""
    sentence = words.strip().partition("\n\n")[0].partition(". ")[0].rstrip(".")
    while len(sentence) > _SHORT_MAX and (cut := max(map(sentence.rfind, ",:;"))) > 0:
        sentence = sentence[:cut]
    return sentence + "."


for _command in (
    stats, *IMAGE_COMMANDS, run, operations, submit, drop, wait, result, shell, jobs, status, logs, dead,
    clear, config, doctor, completion,
):  # fmt: skip
    _command.short_help = _command.short_help or in_short(_command.help or "")
    cli.add_command(_command)


def main() -> None:
    """Run the command line; the one place where errors become words and exit codes."""
    invocation = Invocation()
    # What a terminal has no letter for is no reason to fail.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(prog_name="jobfleet", obj=invocation, standalone_mode=False)
        sys.exit(code if isinstance(code, int) else Exit.OK)
    except JobFailed as problem:
        invocation.output.failed(problem.result)
        _fail(invocation, f"the job failed: {problem}", problem.exit)
    except FleetError as problem:
        _fail(invocation, invocation.told(problem), problem.exit)
    except click.ClickException as problem:
        if not _as_json(invocation):
            problem.show()
            sys.exit(problem.exit_code)
        _fail(invocation, problem.format_message(), problem.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail(invocation, "interrupted", Exit.INTERRUPTED)
    except Exception as problem:
        if os.environ.get("JOBFLEET_TRACE"):
            raise
        words = f"unforeseen: {type(problem).__name__}: {problem} (JOBFLEET_TRACE=1 shows where)"
        _fail(invocation, words, Exit.ERROR)


def _as_json(invocation: Invocation) -> bool:
    # A command line that cannot be understood may end before --json was reached.
    return invocation.as_json or "--json" in sys.argv[1:]


def _fail(invocation: Invocation, words: str, code: int) -> None:
    tell(words, code, as_json=_as_json(invocation))
    sys.exit(code)


if __name__ == "__main__":
    main()
