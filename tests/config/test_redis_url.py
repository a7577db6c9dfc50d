"""Where sessions are kept in Redis: every form, and what is wrong with one that is none."""

from __future__ import annotations

import pytest

from gateway.config.redis_url import RedisUrl, parse_redis_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("redis://h/0", RedisUrl("single", "redis://h/0", (("h", 6379),))),
        (
            "rediss://u:p@h:6380?ssl_ca_certs=/ca",
            RedisUrl("single", "rediss://u:p@h:6380?ssl_ca_certs=/ca", (("h", 6380),)),
        ),
        ("redis:///1", RedisUrl("single", "redis:///1", (("localhost", 6379),))),
        ("unix:///run/redis.sock?db=1", RedisUrl("single", "unix:///run/redis.sock?db=1")),
        (
            "redis+sentinel://u:p%40@a,b:26380,[::1]:1/main/2",
            RedisUrl("sentinel", "redis://u:p%40@a:26379/2", (("a", 26379), ("b", 26380), ("::1", 1)), "main"),
        ),
        (
            "rediss+sentinel://a/main?sentinel_password=s%26&sentinel_username=w&ssl_ca_certs=/ca",
            RedisUrl(
                "sentinel",
                "rediss://a:26379/0?ssl_ca_certs=%2Fca",
                (("a", 26379),),
                "main",
                (("password", "s&"), ("username", "w")),
            ),
        ),
        ("redis+cluster://:p@a,b:7000", RedisUrl("cluster", "redis://:p@a:6379/0", (("a", 6379), ("b", 7000)))),
        ("rediss+cluster://[::1]:7000/", RedisUrl("cluster", "rediss://[::1]:7000/0", (("::1", 7000),))),
    ],
)
def test_every_form_is_read(text: str, url: RedisUrl) -> None:
    assert parse_redis_url(text) == url


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no such store"),
        ("memcached", "no such store"),
        ("127.0.0.1:6379", "no such store"),
        ("http://127.0.0.1/", "no such store"),
        ("http+cluster://h", "no such store"),
        ("redis+sentry://h/main", r"\+sentry is neither"),
        ("redis+://h", r"\+ is neither"),
        ("redis://a,b", "Sentinels"),
        ("redis://h/main", "no number"),
        ("redis://h:port", "port of h"),
        ("redis://h:70000", "port of h"),
        ("redis+sentinel://a:26379", "name of the group"),
        ("redis+sentinel://a:26379/", "name of the group"),
        ("redis+sentinel://a/main/zero", "no number"),
        ("redis+sentinel://a,/main", "host is missing"),
        ("redis+sentinel:///main", "host is missing"),
        ("redis+cluster://a/1", "no numbered databases"),
        ("redis+cluster://::1:7000", "brackets"),
    ],
)
def test_what_is_wrong_is_said(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_redis_url(text)


@pytest.mark.parametrize("text", ["redis://u:hidden@h/main", "redis+sentinel://u:hidden@a:x/main"])
def test_no_fault_shows_a_password(text: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_redis_url(text)
    assert "hidden" not in str(refused.value)
    assert "hidden" not in repr(parse_redis_url("redis+sentinel://u:hidden@a/main?sentinel_password=hidden"))
