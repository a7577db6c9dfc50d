"""A small right file; the faulty ones are made from it by one change each."""

from __future__ import annotations

GOOD = """\
version: 1
listen: 127.0.0.1:8080
public_url: https://login.example.jp/
service:
  name: 給与サービス
  time_zone: Asia/Tokyo
totp: {tries: 5, lock: 30m}
sessions:
  office: {idle: 30m, absolute: 12h}
rollout:
  announced_from: 2027-01-01
  mandatory_from: 2027-04-01T09:00
apps:
  portal:
    upstream: http://127.0.0.1:9001
    paths: [/]
    sign_in:
      - path: /login
        login_id: {form: login_id}
        success: {status: 302, location: /top}
    sign_out: [{path: /logout}]
  payslip:
    upstream: http://127.0.0.1:9002
    paths: [/meisai]
routes:
  - {path: /login, access: public}
  - path: /top
    access: restricted
  - path: /meisai/view
    access: restricted
    feature: payslip.own
    where: {query.emp: subject.employee}
page_edits:
  - path: /top
    remove:
      - {select: "#icon-a", unless: payslip.own}
directory:
  patterns:
    - {match: "A(?P<office>[0-9]{4})[0-9]{4}", kind: office}
    - {match: "B(?P<establishment>[0-9]{6})(?P<employee>[0-9]{2})", kind: establishment}
  establishments:
    - {code: "000001", office: "0001"}
tenants:
  offices:
    "0001":
      use: true
      establishments:
        "000001": {use: true, exempt: [payslip.own]}
limits: {head: 64KiB}
"""


def changed(old: str, new: str) -> bytes:
    """The good file with one change; the text that goes must be there exactly once."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new).encode()
