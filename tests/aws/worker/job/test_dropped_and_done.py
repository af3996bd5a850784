"""What becomes of a dropped file when its job is done: it is tagged, moved or left."""

from typing import Any

from tests.dropped_files import answers, events, keys, outcomes, photo, tags


def test_inputs_that_are_done_are_moved_and_an_event_that_comes_again_finds_its_result(
    open_stack: Any, bench: Any
) -> None:
    open_stack.drop("greyscale/some/a b.png", photo(), Metadata={"mine": "kept"}, Tagging="project=x")
    [_, event] = events(open_stack)
    for _ in range(2):
        open_stack.send(event)

    bench(drop_processed="move").work()

    assert keys(open_stack, "incoming/") == []
    assert keys(open_stack, "processed/") == ["processed/greyscale/some/a b.png"]
    moved = open_stack.s3.head_object(Bucket=open_stack.bucket, Key="processed/greyscale/some/a b.png")
    assert moved["Metadata"] == {"mine": "kept"}
    assert tags(open_stack, "processed/greyscale/some/a b.png")["project"] == "x"
    assert outcomes(open_stack) == ["answered-again", "succeeded"]


def test_who_finds_an_input_moved_by_another_worker_answers_with_that_one_s_result(
    open_stack: Any, bench: Any
) -> None:
    open_stack.drop("stats/a", b"1 2")
    [_, event] = events(open_stack)
    open_stack.send(event)
    bench(drop_processed="move").work()
    [before] = answers(open_stack)
    # It looked for a result before the other had stored one.
    looks = iter([(404, [], b"<Error><Code>NoSuchKey</Code></Error>")])
    open_stack.front.answers = lambda call: next(looks, None) if call.startswith("GET results/0") else None

    open_stack.send(event)
    bench(drop_processed="move").work()

    assert answers(open_stack) == [before]
    assert open_stack.stored(before["id"]).status == "succeeded"
    assert next(looks, None) is None


def test_a_move_that_was_cut_off_is_finished_when_the_event_comes_again(open_stack: Any, bench: Any) -> None:
    open_stack.drop("stats/a", b"1 2")
    [_, event] = events(open_stack)
    open_stack.send(event)
    bench(drop_processed="leave").work()
    assert (tags(open_stack, "incoming/stats/a"), keys(open_stack, "processed/")) == ({}, [])

    open_stack.send(event)
    bench(drop_processed="move").work()

    assert (keys(open_stack, "incoming/"), keys(open_stack, "processed/")) == ([], ["processed/stats/a"])
    assert len({answer["id"] for answer in answers(open_stack)}) == 1


def test_an_input_that_was_put_again_meanwhile_is_neither_tagged_nor_moved(
    open_stack: Any, bench: Any
) -> None:
    open_stack.drop("stats/a", b"1 2")
    [_, event] = events(open_stack)
    open_stack.send(event)
    bench(drop_processed="leave").work()
    open_stack.drop("stats/a", b"3 4")
    events(open_stack)

    open_stack.send(event)
    bench(drop_processed="move").work()

    assert tags(open_stack, "incoming/stats/a") == {}
    assert open_stack.object("incoming/stats/a") == b"3 4"
    assert keys(open_stack, "processed/") == []


def test_what_cannot_be_tagged_is_answered_all_the_same_and_the_log_says_so(
    open_stack: Any, bench: Any
) -> None:
    open_stack.drop("stats/a", b"1 2", Tagging="&".join(f"t{number}=x" for number in range(9)))

    bench().work()

    [answer] = answers(open_stack)
    assert answer["status"] == "succeeded"
    [line] = [line for line in open_stack.logged() if line.get("dropped")]
    assert line["left"].startswith("PutObjectTagging: ")
    assert len(tags(open_stack, "incoming/stats/a")) == 9
