"""`jobfleet shell`: the lab's own command words."""

import sys
from typing import Any

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options
from jobfleet.cli.option_values import complete_files


class _WordsFromHere(click.Command):
    """Leaves everything from the first of the lab's words on to the shell, with or without a `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        from jobfleet.cli.shell.language import DASHED

        # Before the first word, what jobfleet's own options are called means those.
        words = DASHED - {name for option in self.params for name in option.opts} - {*ctx.help_option_names}
        first = next((n for n, arg in enumerate(args) if arg == "--" or arg.casefold() in words), None)
        if first is not None and args[first] != "--":
            args = [*args[:first], "--", *args[first:]]
        return super().parse_args(ctx, args)


@click.command(
    cls=_WordsFromHere,
    short_help="Use the lab's own command words, in one line or at a prompt.",
    context_settings={"allow_interspersed_args": False},
    epilog=examples(
        "jobfleet shell -- -t 25 -n photo.png grey.png -s 1 2 3 6",
        "jobfleet shell --plain -- -thl photo.png two.png",
        "jobfleet shell",
    ),
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, shell_complete=complete_files)
@click.option(
    "--plain",
    is_flag=True,
    help="Show bare values: 1 or 0 for an image; mean, minimum, maximum and median in one line.",
)
@click.option("--yes", "-y", is_flag=True, help="Clear without asking.")
@with_shared_options()
def shell(invocation: Invocation, words: tuple[str, ...], plain: bool, yes: bool) -> Any:
    """Use the lab's own command words: the WORDS given, or else a prompt.

    \b
    -s, send N…                mean, min, max and median of the numbers
    -n, nvg SRC NAME           make the image SRC grey
    -thl, threshold SRC NAME   make the image SRC two-valued
    -t, timeout S              wait S seconds for an answer
    -c, clear                  empty the queues of requests and responses
    -b, bucket NAME            use the bucket NAME
    -h, help                   list these words

    You can chain these words. -s takes the rest of the line. -t and -b count from there on. For an
    image, the command prints whether it succeeded. The modified image is in the bucket as outputs/NAME.

    If a part of a line cannot be read, nothing of the line is done. If a job fails, the next one is
    done all the same. Without credentials, a stack or a network, the rest is skipped. The exit code
    is that of the first failure.

    At the prompt, exit, quit and Ctrl-D leave. Ctrl-C cancels only the line, or the waiting. Without
    a terminal, lines are read from standard input.
    """  # noqa: D301 - \b is click's
    from jobfleet.cli.shell import language
    from jobfleet.cli.shell.session import ShellSession, print_help, run_lines

    steps = language.parse(words)
    if steps and all(step.word is language.HELP for step in steps):
        return print_help()
    with invocation.fleet() as fleet:
        session = ShellSession(invocation, fleet, plain=plain, yes=yes)
        if steps:
            return session.steps(steps)
        if not sys.stdin.isatty():
            return run_lines(session, sys.stdin)
        from jobfleet.cli.shell import prompt

        prompt.run(session, fleet.settings.stack, fleet.settings.region)
        return 0
