"""`jobfleet completion`: the script with which a shell completes command lines."""

import sys

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options

SHELLS = ("bash", "zsh", "fish")

# At the end, as zsh wants its own line first.
_HINTS = {
    "bash": """
# To install: jobfleet completion bash > ~/.local/share/bash-completion/completions/jobfleet
# (with the package bash-completion), or put into ~/.bashrc: source <(jobfleet completion bash)
""",
    "zsh": """
# To install: put into ~/.zshrc, after compinit: source <(jobfleet completion zsh)
""",
    "fish": """
# To install: jobfleet completion fish > ~/.config/fish/completions/jobfleet.fish
""",
}


@click.command(
    short_help="Print what a shell needs to complete command lines.",
    epilog=examples(
        "source <(jobfleet completion bash)",
        "jobfleet completion fish > ~/.config/fish/completions/jobfleet.fish",
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
@with_shared_options()
def completion(invocation: Invocation, shell: str) -> None:
    """Print the script that makes the shell complete commands, options and file names.

    The end of the script says where to put it. The script is short: it asks jobfleet at each Tab.
    """
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - SHELLS are among click's own
    # Not click's source(): that starts a bash to ask for its version, for its own completion to come late.
    script = kind(root, {}, "jobfleet", "_JOBFLEET_COMPLETE")
    sys.stdout.write(script.source_template % script.source_vars() + _HINTS[shell])
