"""Which rule a request meets, and what the balancer then does."""

from dataclasses import replace

import pytest

from localcloud.balancers.model import FixedAnswer, Forward, Redirect
from tests.aws.localcloud.balancers.bench import ADDRESS, Bench, group_of, rule

NONE = FixedAnswer(404, "application/json", '{"error": "50% of it\'s "nothing" here"}')
YES = FixedAnswer(200, "text/plain", "yes")


def meets(bench: Bench, condition: tuple[str, str], path: str, name: str = "", **headers: str) -> bool:
    bench.rules(rule(YES, condition, name=name), default=NONE)
    return bench.ask(path, **headers).status == 200


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("/img/*", ["/img/", "/img/a/b?q=1"], ["/img", "/IMG/a", "/x/img/a"]),
        ("/c?", ["/c1", "/c-"], ["/c", "/c12", "/c1/"]),
        ("/a.b$c", ["/a.b$c"], ["/aXb$c"]),
        ("/a'b\"c~d&e@f:g+h", ["/a'b\"c~d&e@f:g+h"], ["/a"]),
        ("*", ["/", "/anything"], []),
    ],
)
def test_a_path_fits_a_pattern_as_a_whole_and_in_its_case(
    bench: Bench, pattern: str, fits: list[str], fits_not: list[str]
) -> None:
    bench.rules(rule(YES, ("path-pattern", pattern)), default=NONE)

    assert [bench.ask(path).status for path in fits] == [200] * len(fits)
    assert [bench.ask(path).status for path in fits_not] == [404] * len(fits_not)


def test_hosts_headers_methods_queries_and_addresses_are_told_apart(bench: Bench) -> None:
    assert meets(bench, ("host-header", "*.example.com"), "/", Host="A.Example.com:80")
    assert not meets(bench, ("host-header", "*.example.com"), "/", Host="example.com")
    assert meets(bench, ("http-header", "*mobile*"), "/", "User-Agent", User_Agent="a Mobile one")
    assert not meets(bench, ("http-header", "mobile"), "/", "User-Agent", User_Agent="a mobile one")
    assert not meets(bench, ("http-request-method", "POST"), "/")
    assert meets(bench, ("query-string", "version=v?"), "/?a=1&VERSION=v1")
    assert not meets(bench, ("query-string", "version=v?"), "/?aversion=v1")
    assert meets(bench, ("query-string", "=v1"), "/?a=v1")
    assert not meets(bench, ("query-string", "=v1"), "/?a=v12")
    assert meets(bench, ("source-ip", "127.0.0.0/8"), "/")
    assert not meets(bench, ("source-ip", "10.0.0.0/8"), "/")


def test_the_first_rule_that_fits_counts_and_all_its_conditions_must(bench: Bench) -> None:
    site = bench.site("one")
    group = group_of("g", site.target())
    bench.balancer = replace(bench.balancer, groups=(group,))
    bench.rules(
        rule(Forward(((group.arn, 1),)), ("path-pattern", "/a*"), ("host-header", "right")),
        rule(YES, ("path-pattern", "/a*")),
        rule(Forward(((group.arn, 1),)), ("path-pattern", "/*")),
        default=NONE,
    )

    assert [bench.ask("/ab", Host=host).body for host in ("right", "wrong")] == ["one", "yes"]
    assert bench.ask("/b").body == "one"


def test_a_fixed_answer_is_given_as_it_is_written(bench: Bench) -> None:
    bench.rules(default=NONE)

    answer = bench.ask("/")

    assert (answer.status, answer.body) == (404, NONE.body)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["server"] == "awselb/2.0"


@pytest.mark.parametrize(
    ("action", "path", "place"),
    [
        (Redirect(301, "HTTPS", "#{host}", "443", "/#{path}", "#{query}"), "/a?b=1", "https://h:443/a?b=1"),
        (Redirect(301, "HTTPS", "#{host}", "443", "/#{path}", "#{query}"), "/a", "https://h:443/a"),
        (
            Redirect(302, "#{protocol}", "other", "#{port}", "/50%/#{path}", "x=#{path}"),
            "/a",
            "http://other:PORT/50%/a?x=a",
        ),
        (Redirect(302, "#{protocol}", "#{host}", "81", "/", ""), "/a?b=1", "http://h:81/"),
    ],
)
def test_a_redirect_is_made_of_the_request_and_what_it_says(
    bench: Bench, action: Redirect, path: str, place: str
) -> None:
    bench.rules(default=action)

    answer = bench.ask(path, Host="h:80")

    assert answer.status == action.status
    assert answer.headers["location"] == place.replace("PORT", str(bench.port))


def test_weights_share_the_requests_and_a_group_without_weight_gets_none(bench: Bench) -> None:
    names = ("three", "one", "none")
    groups = [group_of(name, bench.site(name).target()) for name in names]
    bench.balancer = replace(bench.balancer, groups=tuple(groups))
    weights = tuple(zip((one.arn for one in groups), (3, 1, 0), strict=True))
    bench.rules(default=Forward(weights))

    shares = bench.shares(200)

    assert set(shares) == {"three", "one"}
    assert 110 <= shares["three"] <= 190  # 150 are expected; six standard deviations are 37


def test_a_client_stays_with_its_group_where_the_rule_wants_it(bench: Bench) -> None:
    groups = [group_of(name, bench.site(name).target()) for name in ("a", "b")]
    bench.balancer = replace(bench.balancer, groups=tuple(groups))
    bench.rules(default=Forward(tuple((one.arn, 1) for one in groups), sticky=60))

    first = bench.ask("/")
    cookie = f"AWSALBTG={first.cookies['AWSALBTG']}"

    assert set(first.cookies) == {"AWSALBTG", "AWSALBTGCORS"}
    assert bench.shares(20, Cookie=cookie) == {first.body: 20}
    name, _, _ = first.cookies["AWSALBTG"].partition("_")
    assert len(bench.shares(40, Cookie=f"AWSALBTG={name}_1")) == 2  # it has expired long ago


def test_a_target_learns_of_the_client_and_can_be_traced(bench: Bench) -> None:
    site = bench.site("one")
    bench.forwards_to(site.target())
    bench.ask("/", Host="named", X_Forwarded_For="192.0.2.7", X_Amzn_Trace_Id="Root=1-5-6")
    bench.ask("/")

    [(_, first), (_, second)] = site.seen
    assert first["host"] == "named"
    assert first["x-forwarded-for"] == "192.0.2.7, 127.0.0.1"
    assert second["x-forwarded-for"] == "127.0.0.1"
    assert (first["x-forwarded-proto"], first["x-forwarded-port"]) == ("http", str(bench.port))
    assert first["x-amzn-trace-id"].startswith("Self=1-")
    assert first["x-amzn-trace-id"].endswith(";Root=1-5-6")
    word, stamp, rest = second["x-amzn-trace-id"].split("-")
    assert (word, len(stamp), len(rest)) == ("Root=1", 8, 24)
    assert site.peers == [ADDRESS, ADDRESS]
