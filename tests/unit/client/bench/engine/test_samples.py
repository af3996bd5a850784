"""Samples keep every request, and bound what others can name."""

from jobfleet.bench.engine.samples import OK, Reply, Samples


def test_every_request_is_kept_with_its_kind_and_place() -> None:
    samples = Samples()
    for reply in (Reply(OK, 5, "i-2"), Reply("timed out"), Reply(OK, 5, "i-1"), Reply(OK, 5, "i-2")):
        samples.add(1.0, 1.5, 2.0, reply)
    assert len(samples) == 4
    assert samples.kind_counts() == {OK: 3, "timed out": 1}
    assert samples.place_counts() == {"i-1": 1, "i-2": 2}
    assert (list(samples.due), list(samples.sent), list(samples.done)) == ([1.0] * 4, [1.5] * 4, [2.0] * 4)


def test_a_server_that_names_itself_anew_each_time_fills_no_memory() -> None:
    samples = Samples()
    for number in range(1_000):
        samples.add(0, 0, 1, Reply(OK, 1, f"i-{number}"))
    assert len(samples.place_names) < 210
    assert sum(samples.place_counts().values()) == 1_000
    assert samples.place_counts()["others"] == 800
