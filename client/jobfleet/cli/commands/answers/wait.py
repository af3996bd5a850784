"""`jobfleet wait`: the answers to jobs that were sent before."""

import click

from jobfleet.cli.invocation import Invocation, examples, with_shared_options


@click.command(
    short_help="Wait for jobs that were sent before.",
    epilog=examples("jobfleet submit stats 1 2 3 | xargs jobfleet wait"),
)
@click.argument("job_ids", metavar="ID...", nargs=-1, required=True)
@with_shared_options()
def wait(invocation: Invocation, job_ids: tuple[str, ...]) -> None:
    """Wait for the jobs with these IDs, whoever sent them, and print each result when it comes.

    Without --timeout, the command waits until all results are there.
    """
    from jobfleet.answers.job import as_completed
    from jobfleet.errors import JobFailed, SomeFailed

    output = invocation.output
    left = dict.fromkeys(job_ids)
    many, failed = len(left), 0
    with invocation.fleet() as fleet, output.progress("waiting", many) as advance:
        try:
            for job in as_completed(fleet.jobs(left), invocation.timeout_given):
                problem = job.exception(0)
                if isinstance(problem, JobFailed):
                    failed += 1
                    output.line(problem.result)
                else:
                    output.line(job.result(0))
                del left[job.id]
                advance(1)
        except KeyboardInterrupt:
            output.say(f"the jobs go on without you; wait on with `jobfleet wait {' '.join(left)}`")
            raise
    if failed:
        raise SomeFailed(f"{failed:,} of {many:,} jobs failed; their lines say why")
