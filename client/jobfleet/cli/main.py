"""The command `jobfleet`: all its commands put together, and errors turned into exit codes.

Only click and the standard library are imported up here: the help must come at once.
"""

import io
import os
import sys

import click
from jobfleet_jobs.credentials.redaction import redact
from jobfleet_jobs.version import __version__

from jobfleet.cli.commands.answers.jobs import jobs
from jobfleet.cli.commands.answers.result import result
from jobfleet.cli.commands.answers.wait import wait
from jobfleet.cli.commands.bench.group import bench
from jobfleet.cli.commands.completion import completion
from jobfleet.cli.commands.send.drop import drop
from jobfleet.cli.commands.send.images import IMAGE_COMMANDS
from jobfleet.cli.commands.send.run import run
from jobfleet.cli.commands.send.stats import stats
from jobfleet.cli.commands.send.submit import submit
from jobfleet.cli.commands.shell import shell
from jobfleet.cli.commands.stack.clear import clear
from jobfleet.cli.commands.stack.config import config
from jobfleet.cli.commands.stack.dead import dead
from jobfleet.cli.commands.stack.doctor import doctor
from jobfleet.cli.commands.stack.logs import logs
from jobfleet.cli.commands.stack.operations import operations
from jobfleet.cli.commands.stack.scaling import scaling
from jobfleet.cli.commands.stack.status import status
from jobfleet.cli.commands.stack.web import web
from jobfleet.cli.invocation import Invocation, with_shared_options
from jobfleet.cli.terminal import standard_streams
from jobfleet.cli.terminal.error_line import tell
from jobfleet.errors import EXIT_MEANINGS, Exit, FleetError, JobFailed
from jobfleet.human_text import plain_lines

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
    stats, *IMAGE_COMMANDS, run, operations, submit, drop, wait, result, shell, jobs, status, scaling, web,
    logs, dead, clear, bench, config, doctor, completion,
):  # fmt: skip
    _command.short_help = _command.short_help or in_short(_command.help or "")
    cli.add_command(_command)


def main() -> None:
    """Run the command line; the one place where errors become words and exit codes."""
    standard_streams.guard()
    try:
        code = _run(Invocation())
    except standard_streams.ReaderGone:
        code = Exit.READER_GONE
    sys.exit(code)


def _run(invocation: Invocation) -> int:
    try:
        with invocation.in_words():
            return _do(invocation)
    except JobFailed as problem:
        return _fail(invocation, f"the job failed: {problem}", problem.exit)
    except FleetError as problem:
        return _fail(invocation, invocation.told(problem), problem.exit)
    except click.ClickException as problem:
        if _as_json(invocation):
            return _fail(invocation, problem.format_message(), problem.exit_code)
        shown = io.StringIO()
        problem.show(shown)
        sys.stderr.write(plain_lines(redact(shown.getvalue())))
        return int(problem.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _fail(invocation, "interrupted", Exit.INTERRUPTED)
    except standard_streams.ReaderGone:
        raise
    except Exception as problem:  # noqa: BLE001 - the last place where it can become a sentence
        if os.environ.get("JOBFLEET_TRACE"):
            import traceback

            sys.stderr.write(redact(traceback.format_exc()))
            return Exit.ERROR
        words = f"unforeseen: {type(problem).__name__}: {problem} (JOBFLEET_TRACE=1 shows where)"
        return _fail(invocation, words, Exit.ERROR)


def _do(invocation: Invocation) -> int:
    try:
        code = cli.main(prog_name="jobfleet", obj=invocation, standalone_mode=False)
    except JobFailed as problem:
        invocation.output.failed(problem.result)
        raise
    # Here, not when Python ends: what cannot be written is told, and has its exit code.
    sys.stdout.flush()
    return code if isinstance(code, int) else Exit.OK


def _as_json(invocation: Invocation) -> bool:
    # A command line that cannot be understood may end before --json was reached.
    return invocation.as_json or "--json" in sys.argv[1:]


def _fail(invocation: Invocation, words: str, code: int) -> int:
    tell(words, code, as_json=_as_json(invocation))
    return code


if __name__ == "__main__":
    main()
