"""`listen` in its long form: certificates that fit, load balancers that announce, and every way to get them wrong."""

from __future__ import annotations

import datetime as dt
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.config.certificates import Certificate, expiring
from gateway.config.changes import opened_once
from gateway.config.faults import Faults
from gateway.config.loading import load_bytes
from gateway.config.settings import Configuration, ListenAddress, TlsPair
from gateway.core.errors import ConfigRefused
from tests.config.sample import changed
from tests.proxy.certificate_kit import pair

LISTEN = "listen: 127.0.0.1:8080"


def loaded(folder: Path, entry: str) -> tuple[Configuration, list[str]]:
    data = changed(LISTEN, f"listen:\n{entry}")
    configuration, warnings = load_bytes(data, folder, Faults("f.yaml"))
    return configuration, [str(warning) for warning in warnings if warning.path.startswith("listen")]


def refused(folder: Path, entry: str) -> list[str]:
    with pytest.raises(ConfigRefused) as fault:
        loaded(folder, entry)
    return [line.replace(str(folder), "") for line in str(fault.value).splitlines()]


def test_several_listeners_of_every_kind(tmp_path: Path) -> None:
    files = pair(tmp_path, "login.example.jp")
    second = pair(tmp_path, "other.example.jp", file="second")
    second.certificate.write_bytes(second.certificate.read_bytes() + second.key.read_bytes())
    configuration, warnings = loaded(
        tmp_path,
        """
  - 127.0.0.1:8080
  - {address: 0.0.0.0:443, tls: {certificate: server.crt, key: server.key}}
  - address: "[::]:8443"
    tls:
      - {certificate: server.crt, key: server.key}
      - {certificate: second.crt}
    proxy_protocol: [192.0.2.10, 2001:db8::/32]
""",
    )
    both = TlsPair(second.certificate, second.certificate)
    proxies = (ip_network("192.0.2.10"), ip_network("2001:db8::/32"))
    assert configuration.listen == (
        ListenAddress("127.0.0.1", 8080),
        ListenAddress("0.0.0.0", 443, (files,)),
        ListenAddress("::", 8443, (files, both), proxies),
    )
    assert warnings == []


@pytest.mark.parametrize(
    ("names", "warned"),
    [
        (("login.example.jp",), False),
        (("LOGIN.example.jp",), False),
        (("*.example.jp",), False),
        (("example.jp", "*.jp", "*.login.example.jp"), True),
        ((), True),
    ],
)
def test_a_certificate_for_another_name_is_told(names: tuple[str, ...], warned: bool, tmp_path: Path) -> None:
    pair(tmp_path, *names)
    _, warnings = loaded(tmp_path, "  - {address: 0.0.0.0:443, tls: {certificate: server.crt, key: server.key}}\n")
    assert len(warnings) == warned
    if warned:
        assert warnings[0].startswith("f.yaml:3:33 listen[0].tls: browsers refuse it: it is for ")
        assert warnings[0].endswith(", not for login.example.jp. Get a certificate for login.example.jp.")


def test_a_wildcard_stands_for_one_label_and_no_address() -> None:
    certificate = Certificate(("*.example.jp", "192.0.2.1", "*.0.2.1"), 0.0)
    hosts = ("a.example.jp", "A.EXAMPLE.jp", "192.0.2.1", "example.jp", "a.b.example.jp", "10.0.2.1", "jp")
    assert [certificate.covers(host) for host in hosts] == [True, True, True, False, False, False, False]


BOTH = "  - {address: 0.0.0.0:443, tls: {certificate: server.crt, key: server.key}}\n"


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert refused(tmp_path, BOTH) == [
        (
            "f.yaml:3:47 listen[0].tls.certificate: /server.crt can't be read: No such file or directory."
            " Relative paths begin at this file's folder."
        )
    ]


def test_a_file_that_holds_no_certificate(tmp_path: Path) -> None:
    files = pair(tmp_path, "login.example.jp")
    files.certificate.write_bytes(files.key.read_bytes())
    assert refused(tmp_path, BOTH) == [
        (
            "f.yaml:3:47 listen[0].tls.certificate: /server.crt holds no certificate in PEM."
            " Give the full chain, the server's own first."
        )
    ]


def test_a_file_that_holds_no_key(tmp_path: Path) -> None:
    pair(tmp_path, "login.example.jp").key.write_text("key")
    assert refused(tmp_path, BOTH) == [
        "f.yaml:3:64 listen[0].tls.key: /server.key holds no private key in PEM. Give the certificate's own key."
    ]


def test_a_key_with_a_passphrase_would_wait_for_somebody_to_type_it(tmp_path: Path) -> None:
    files = pair(tmp_path, "login.example.jp")
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"x")
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    files.key.write_bytes(key.private_bytes(pem, form, locked))
    assert refused(tmp_path, BOTH) == [
        (
            "f.yaml:3:64 listen[0].tls.key: /server.key needs a passphrase."
            " Write it without one, readable for the gateway's user alone."
        )
    ]


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    files = pair(tmp_path, "login.example.jp")
    files.key.write_bytes(pair(tmp_path, "login.example.jp", file="other").key.read_bytes())
    assert refused(tmp_path, BOTH) == [
        (
            "f.yaml:3:64 listen[0].tls.key: /server.key is not the key of /server.crt."
            " Give the two files of one certificate."
        )
    ]


def test_a_key_that_openssl_finds_too_small(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 1024)
    pair(tmp_path, "login.example.jp", key=key)
    assert refused(tmp_path, BOTH) == [
        (
            "f.yaml:3:47 listen[0].tls.certificate: OpenSSL does not take /server.crt: EE_KEY_TOO_SMALL."
            " Renew it with a key of at least 2048 bits."
        )
    ]


@pytest.mark.parametrize(
    ("entry", "faults"),
    [
        (
            "  - {tls: {certificate: server.crt, key: server.key}}\n",
            ["f.yaml:3:5 listen[0].address: this key is missing. Address and port: 0.0.0.0:443."],
        ),
        (
            "  - {address: 0.0.0.0:443, tsl: {certificate: server.crt}}\n",
            ["f.yaml:3:28 listen[0].tsl: unknown key. Did you mean 'tls'?"],
        ),
        (
            "  - {address: 0.0.0.0:443, tls: []}\n",
            ["f.yaml:3:33 listen[0].tls: the list is empty. Write at least one item."],
        ),
        (
            "  - {address: 0.0.0.0:443, tls: {key: server.key}}\n",
            [
                (
                    "f.yaml:3:33 listen[0].tls.certificate: this key is missing. The certificate's full chain in PEM,"
                    " the server's own first."
                )
            ],
        ),
        (
            "  - {address: 0.0.0.0:443, proxy_protocol: true}\n",
            [
                (
                    "f.yaml:3:44 listen[0].proxy_protocol: got 'true': 'true' does not appear to be an IPv4 or IPv6"
                    " network. Write an address (192.0.2.10) or a network (192.0.2.0/24)."
                )
            ],
        ),
        (
            "  - {address: 0.0.0.0:443, proxy_protocol: []}\n",
            ["f.yaml:3:44 listen[0].proxy_protocol: the list is empty. Write at least one item."],
        ),
    ],
)
def test_faults_of_the_file(entry: str, faults: list[str], tmp_path: Path) -> None:
    pair(tmp_path, "login.example.jp")
    assert refused(tmp_path, entry) == faults


def test_tls_here_and_a_public_address_without_contradict_each_other(tmp_path: Path) -> None:
    pair(tmp_path, "localhost")
    data = changed(LISTEN, f"listen:\n{BOTH}").replace(b"https://login.example.jp/", b"http://localhost/")
    with pytest.raises(ConfigRefused) as fault:
        load_bytes(data, tmp_path, Faults("f.yaml"))
    assert str(fault.value).splitlines() == [
        "f.yaml:5:13 public_url: it is plain http, and TLS ends here. Write https://localhost/, or take tls out."
    ]


def test_certificates_and_balancers_change_without_a_restart_addresses_do_not(tmp_path: Path) -> None:
    pair(tmp_path, "login.example.jp")
    plain, _ = loaded(tmp_path, "  - 0.0.0.0:443\n")
    both, _ = loaded(tmp_path, BOTH)
    elsewhere, _ = loaded(tmp_path, "  - 0.0.0.0:444\n")
    assert opened_once(plain, both) == ()
    assert opened_once(plain, elsewhere) == ("listen",)


def test_what_ends_soon_is_named_once(tmp_path: Path) -> None:
    end = dt.datetime(2030, 1, 31, 12, tzinfo=dt.UTC)
    files = pair(tmp_path, "login.example.jp", end=end)
    gone = TlsPair(tmp_path / "gone.crt", tmp_path / "gone.key")
    listen = [ListenAddress("127.0.0.1", 1, (files, gone)), ListenAddress("127.0.0.1", 2, (files,))]
    month = 30 * 86400.0
    assert expiring(listen, end.timestamp() - month - 1) == ()
    assert expiring(listen, end.timestamp() - month + 1) == (f"{files.certificate} ends on 2030-01-31 12:00 UTC.",)
    assert expiring(listen, end.timestamp() + 1) == (f"{files.certificate} ended on 2030-01-31 12:00 UTC.",)
