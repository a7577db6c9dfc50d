"""Every kind of fault, made by one change to a right file: the exact line, column and remedy that people read."""

from __future__ import annotations

from pathlib import Path

import pytest
from gateway.config.faults import Faults
from gateway.config.loading import load_bytes
from gateway.core.errors import ConfigRefused

from tests.config.sample import changed

FAULTY: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        'yaml-syntax',
        '  name: 給与サービス',
        '  name: [給与サービス',
        (
            "f.yaml:6:12 not YAML: while parsing a flow sequence did not find expected ',' or ']'. Check indentation, quotes and colons here.",
        ),
    ),
    (
        'tab',
        '  name: 給与サービス',
        '\tname: x',
        (
            'f.yaml:5:1 not YAML: while scanning for the next token found character that cannot start any token. Check indentation, quotes and colons here.',
        ),
    ),
    (
        'duplicate-key',
        'limits: {head: 64KiB}',
        'limits: {head: 64KiB, head: 32KiB}',
        (
            'f.yaml:49:23 limits.head: the key is also on line 49. Keep one of the two.',
        ),
    ),
    (
        'anchor',
        'limits: {head: 64KiB}',
        'limits: &a {head: 64KiB}',
        (
            'f.yaml:49:9 limits: `&a` is an anchor. Remove it.',
        ),
    ),
    (
        'merge',
        'limits: {head: 64KiB}',
        'limits: {<<: {head: 64KiB}}',
        (
            'f.yaml:49:10 limits: `<<` merges are refused. Write the keys out here.',
        ),
    ),
    (
        'tag',
        '  name: 給与サービス',
        '  name: !!str 給与サービス',
        (
            'f.yaml:5:9 service.name: `!!str` is a tag. Remove it; use quotes for text.',
        ),
    ),
    (
        'alias',
        'limits: {head: 64KiB}',
        'limits: *a',
        (
            'f.yaml:49:9 limits: `*a` is an alias. Write the value out here.',
        ),
    ),
    (
        'two documents',
        'limits: {head: 64KiB}',
        '---\nlimits: {head: 64KiB}',
        (
            'f.yaml:49:1 a second document begins. Keep one per file.',
        ),
    ),
    (
        'unknown key',
        '    access: restricted\n    feature',
        '    acess: restricted\n    feature',
        (
            "f.yaml:30:5 routes[2].acess: unknown key. Did you mean 'access'?",
        ),
    ),
    (
        'unknown top key',
        'limits: {head',
        'limit: {head',
        (
            "f.yaml:49:1 limit: unknown key. Did you mean 'limits'?",
        ),
    ),
    (
        'missing key',
        '    upstream: http://127.0.0.1:9002\n',
        '',
        (
            'f.yaml:23:5 apps.payslip.upstream: this key is missing. Where the app listens: http://127.0.0.1:9001.',
        ),
    ),
    (
        'missing service',
        'service:\n  name: 給与サービス\n  time_zone: Asia/Tokyo\n',
        '',
        (
            'f.yaml:1:1 service: this key is missing. What people see of the operator on every page.',
        ),
    ),
    (
        'missing access',
        '  - path: /top\n    access: restricted\n',
        '  - path: /top\n',
        (
            'f.yaml:27:5 routes[1].access: this key is missing. One of public (nobody signs in), restricted (also without a code), full (with a code), deny (nobody).',
        ),
    ),
    (
        'version',
        'version: 1',
        'version: 2',
        (
            "f.yaml:1:10 version: got '2'. Write version: 1, the only one there is.",
        ),
    ),
    (
        'sexagesimal',
        'lock: 30m',
        'lock: 8:30',
        (
            "f.yaml:7:24 totp.lock: got '8:30'. Write a number with a unit: 500ms, 30s, 30m, 12h or 1d.",
        ),
    ),
    (
        'bare number',
        'lock: 30m',
        'lock: 30',
        (
            "f.yaml:7:24 totp.lock: got '30'. Write a number with a unit: 500ms, 30s, 30m, 12h or 1d.",
        ),
    ),
    (
        'off',
        '    "0001":\n      use: true',
        '    "0001":\n      use: off',
        (
            "f.yaml:46:12 tenants.offices.0001.use: got 'off'. Write true or false.",
        ),
    ),
    (
        'quoted flag',
        '    "0001":\n      use: true',
        '    "0001":\n      use: "true"',
        (
            "f.yaml:46:12 tenants.offices.0001.use: got the text 'true'. Write true or false. Leave the quotes out.",
        ),
    ),
    (
        'octal',
        'tries: 5',
        'tries: 05',
        (
            "f.yaml:7:15 totp.tries: got '05'. Write a whole number from 1 to 20.",
        ),
    ),
    (
        'size without unit',
        'head: 64KiB',
        'head: 65536',
        (
            "f.yaml:49:16 limits.head: got '65536'. Write a number with a unit: 512B, 64KiB or 1MiB.",
        ),
    ),
    (
        'size too small',
        'head: 64KiB',
        'head: 1B',
        (
            "f.yaml:49:16 limits.head: got '1B': it must lie between 1024 and 1048576 bytes. Write a number with a unit: 512B, 64KiB or 1MiB.",
        ),
    ),
    (
        'null',
        '  name: 給与サービス',
        '  name:',
        (
            'f.yaml:5:8 service.name: nothing is written here. Write a text on one line.',
        ),
    ),
    (
        'list for mapping',
        'limits: {head: 64KiB}',
        'limits: [head]',
        (
            'f.yaml:49:9 limits: got a list. Write keys with values: head, headers, head_time, body_idle, idle, connect, answer, answer_idle, held_answer, held_form, sign_in, pool.',
        ),
    ),
    (
        'public http',
        'public_url: https://login',
        'public_url: http://login',
        (
            'f.yaml:3:13 public_url: plain http outside of this machine: passwords and sessions could be read on the way. Write https://login.example.jp/ and end TLS in front.',
        ),
    ),
    (
        'public path',
        'login.example.jp/',
        'login.example.jp/app',
        (
            "f.yaml:3:13 public_url: got 'https://login.example.jp/app': only scheme, host and port belong here. Write http://host:port or https://host.",
        ),
    ),
    (
        'listen',
        'listen: 127.0.0.1:8080',
        'listen: 8080',
        (
            'f.yaml:2:9 listen: got \'8080\'. Write address:port, such as 127.0.0.1:8080 or "[::1]:8080".',
        ),
    ),
    (
        'zone',
        'Asia/Tokyo',
        'Asia/Tokio',
        (
            "f.yaml:6:14 service.time_zone: got 'Asia/Tokio': no such time zone. Write a name of the IANA database such as Asia/Tokyo.",
        ),
    ),
    (
        'dates',
        'announced_from: 2027-01-01',
        'announced_from: 2027-05-01',
        (
            'f.yaml:12:19 rollout.mandatory_from: mandatory_from lies before announced_from. Write a date from 2027-05-01 on.',
        ),
    ),
    (
        'no such day',
        'announced_from: 2027-01-01',
        'announced_from: 2027-02-30',
        (
            "f.yaml:11:19 rollout.announced_from: got '2027-02-30': day is out of range for month. Write 2027-04-01 (midnight) or 2027-04-01T09:00, in service.time_zone.",
        ),
    ),
    (
        'idle',
        'idle: 30m',
        'idle: 13h',
        (
            'f.yaml:9:18 sessions.office.idle: idle is longer than absolute. Write a shorter idle.',
        ),
    ),
    (
        'stop',
        'tries: 5',
        'tries: 5, stop_after: 3',
        (
            'f.yaml:7:30 totp.stop_after: it is smaller than totp.tries. Write at least 5, or null.',
        ),
    ),
    (
        'owner',
        'paths: [/meisai]',
        'paths: [/meisai, /]',
        (
            'f.yaml:24:22 apps.payslip.paths[1]: / belongs to portal already. Give it to one of the two apps.',
        ),
    ),
    (
        'foreign sign-in',
        '- path: /login\n',
        '- path: /meisai/login\n',
        (
            'f.yaml:18:15 apps.portal.sign_in[0].path: /meisai/login belongs to payslip. Move the rule there, or add the path to apps.portal.paths.',
        ),
    ),
    (
        'not positive',
        'success: {status: 302, location: /top}',
        'success: {body_lacks: error}',
        (
            'f.yaml:20:18 apps.portal.sign_in[0].success: the rule demands nothing of the answer. Add status, location, cookie, header, body or element: silence proves no sign-in.',
        ),
    ),
    (
        'no success',
        '        success: {status: 302, location: /top}\n',
        '',
        (
            'f.yaml:18:9 apps.portal.sign_in[0].success: this key is missing. What the answer to a right password looks like; one must hold.',
        ),
    ),
    (
        'login id',
        'login_id: {form: login_id}',
        'login_id: {form: a, query: b}',
        (
            'f.yaml:19:19 apps.portal.sign_in[0].login_id: say exactly one of form, json and query. For a form: {form: login_id}.',
        ),
    ),
    (
        'no sign-in at all',
        '    sign_in:\n      - path: /login\n        login_id: {form: login_id}\n        success: {status: 302, location: /top}\n',
        '',
        (
            'f.yaml:15:5 apps.portal: no app has sign_in: nobody can ever sign in. Add sign_in to one app.',
        ),
    ),
    (
        'element',
        'location: /top}',
        'element: "a >"}',
        (
            "f.yaml:20:41 apps.portal.sign_in[0].success.element: 'a >': ' >' is not understood: write one of tag, #id, .class, [name], [name=value], [name^=value], [name*=value] or several together without spaces. Write tag, #id, .class or [name=value].",
        ),
    ),
    (
        'method',
        '        login_id: {form',
        '        method: post\n        login_id: {form',
        (
            "f.yaml:19:17 apps.portal.sign_in[0].method: got 'post': methods are written in capitals. Write GET, POST, PUT, PATCH, DELETE, OPTIONS or another method.",
        ),
    ),
    (
        'where on full',
        '    access: restricted\n    feature: payslip.own\n',
        '    access: full\n',
        (
            'f.yaml:31:12 routes[2].where: where goes with access: restricted only. Write access: restricted, or remove where.',
        ),
    ),
    (
        'feature on public',
        '    access: restricted\n    feature: payslip.own\n    where: {query.emp: subject.employee}\n',
        '    access: public\n    feature: payslip.own\n',
        (
            'f.yaml:31:14 routes[2].feature: feature goes with access: restricted only. Write access: restricted, or remove feature.',
        ),
    ),
    (
        'where path',
        'query.emp:',
        'path.emp:',
        (
            'f.yaml:32:23 routes[2].where.path.emp: the path has no {emp}. Write {emp} as a segment of the path.',
        ),
    ),
    (
        'where place',
        'query.emp:',
        'qery.emp:',
        (
            "f.yaml:32:13 routes[2].where: got 'qery.emp'. Write query.NAME, form.NAME, or path.NAME for a {NAME} segment of the path.",
        ),
    ),
    (
        'where value',
        'subject.employee',
        'subject.employe',
        (
            "f.yaml:32:24 routes[2].where.query.emp: got 'subject.employe'. Did you mean 'subject.employee'?",
        ),
    ),
    (
        'feature',
        'feature: payslip.own',
        'feature: payslip',
        (
            "f.yaml:31:14 routes[2].feature: got 'payslip'. Did you mean 'payslip.own'?",
        ),
    ),
    (
        'grammar',
        '  - path: /meisai/view',
        '  - path: /meisai/**/view',
        (
            'f.yaml:29:11 routes[2].path: ** stands at the end only. Segments are literals, {name}, * or a last **.',
        ),
    ),
    (
        'grammar 2',
        '  - path: /meisai/view',
        '  - path: /meisai/v*',
        (
            "f.yaml:29:11 routes[2].path: 'v*' mixes text with {name} or *: a segment is one or the other. Segments are literals, {name}, * or a last **.",
        ),
    ),
    (
        'dots',
        '  - path: /meisai/view',
        '  - path: /meisai/../view',
        (
            "f.yaml:29:11 routes[2].path: got '/meisai/../view': a path holds no // and no dot segments. Write a path from the root, such as /login.",
        ),
    ),
    (
        'shadow',
        '  - path: /meisai/view',
        '  - {path: /**, access: full}\n  - path: /meisai/view',
        (
            'f.yaml:30:11 routes[3].path: never reached: the route of line 29 (/**) takes all of it. Move this route up, or remove it.',
        ),
    ),
    (
        'names',
        '  - path: /top\n    access',
        '  - {path: /a, access: public, name: x}\n  - path: /top\n    name: x\n    access',
        (
            'f.yaml:29:11 routes[2].name: the name is also on line 27. Choose another: logs tell routes apart by it.',
        ),
    ),
    (
        'selector',
        'select: "#icon-a"',
        'select: "#icon a"',
        (
            "f.yaml:36:18 page_edits[0].remove[0].select: '#icon a': ' a' is not understood: write one of tag, #id, .class, [name], [name=value], [name^=value], [name*=value] or several together without spaces. Write tag, #id, .class, [a=v], [a^=v] or [a*=v], also combined: a.icon[href^=/shugyo].",
        ),
    ),
    (
        'unless',
        'unless: payslip.own',
        'unless: payslip.onw',
        (
            "f.yaml:36:37 page_edits[0].remove[0].unless: got 'payslip.onw'. Did you mean 'payslip.own'?",
        ),
    ),
    (
        'regex',
        'A(?P<office>[0-9]{4})[0-9]{4}',
        'A(?P<office>[0-9]{4}',
        (
            'f.yaml:39:15 directory.patterns[0].match: no regular expression: missing ), unterminated subpattern at position 1. Check brackets and quotes.',
        ),
    ),
    (
        'group',
        'A(?P<office>[0-9]{4})[0-9]{4}',
        'A(?P<offfice>[0-9]{4})[0-9]{4}',
        (
            'f.yaml:39:15 directory.patterns[0].match: (?P<offfice>…) names nothing. Groups: office, establishment, employee, role, name.',
            'f.yaml:39:15 directory.patterns[0].match: nothing tells the office. Add a group (?P<office>…).',
        ),
    ),
    (
        'no office',
        '  establishments:\n    - {code: "000001", office: "0001"}\n',
        '',
        (
            'f.yaml:40:7 directory.patterns[1]: nothing tells which office an establishment belongs to. Add establishments or (?P<office>…).',
        ),
    ),
    (
        'csv missing',
        '  establishments:\n    - {code: "000001", office: "0001"}\n',
        '  establishments: [{code: "000001", office: "0001"}]\n  people_csv: nowhere.csv\n',
        (
            "f.yaml:42:15 directory.people_csv: /nonexistent/nowhere.csv can't be read: No such file or directory. Relative paths begin at the folder of the configuration.",
        ),
    ),
    (
        'wrong office',
        'office: "0001"}',
        'office: "0002"}',
        (
            'f.yaml:48:19 tenants.offices.0001.establishments.000001: the directory gives establishment 000001 to office 0002. Move it under "0002".',
        ),
    ),
    (
        'pins',
        '      use: true\n      establishments:\n        "000001": {use: true',
        '      use: false\n      pinned: true\n      establishments:\n        "000001": {use: true, pinned: true',
        (
            'f.yaml:49:25 tenants.offices.0001.establishments.000001.use: the office is pinned to use: false, so this never acts. Write use: true for the office, or remove one of the pins.',
        ),
    ),
    (
        'logo',
        '  time_zone: Asia/Tokyo',
        '  logo: nowhere.svg',
        (
            "f.yaml:6:9 service.logo: there is no file /nonexistent/nowhere.svg. Relative paths begin at this file's folder.",
        ),
    ),
    (
        'store',
        'limits: {head',
        'stores: {sessions: memcached}\nlimits: {head',
        (
            'f.yaml:49:20 stores.sessions: no such store. Write memory or redis://host:6379/0.',
        ),
    ),
    (
        'sql',
        '  patterns:\n',
        '  sql: {url: "sqlite:///p.db", query: "SELECT kind FROM p"}\n  patterns:\n',
        (
            'f.yaml:38:39 directory.sql.query: the query does not use :login_id. Add WHERE … = :login_id.',
        ),
    ),
    (
        'control',
        '  name: 給与サービス',
        '  name: "a\\u0007b"',
        (
            "f.yaml:5:9 service.name: got 'a\\x07b': it holds control characters. Write a text on one line.",
        ),
    ),
    (
        'host',
        '    paths: [/meisai]',
        '    paths: [/meisai]\n    host: a/b',
        (
            'f.yaml:25:11 apps.payslip.host: no host name. Write keep, upstream, or a name such as app.local.',
        ),
    ),
)


@pytest.mark.parametrize(("old", "new", "lines"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_each_fault_is_named_with_its_place_and_what_would_be_right(
    old: str, new: str, lines: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigRefused) as refused:
        load_bytes(changed(old, new), Path("/nonexistent"), Faults("f.yaml"))
    assert str(refused.value).splitlines() == list(lines)


def test_all_faults_of_a_file_come_at_once_in_file_order() -> None:
    text = changed("lock: 30m", "lock: 30").decode()
    text = text.replace("Asia/Tokyo", "Asia/Tokio").replace("paths: [/meisai]", "paths: [/meisai, /]")
    text = text.replace("feature: payslip.own", "feature: payslip").replace("limits:", "limts:")
    with pytest.raises(ConfigRefused) as refused:
        load_bytes(text.encode(), Path("/nonexistent"), Faults("f.yaml"))
    places = [(fault.line, fault.code) for fault in refused.value.faults if hasattr(fault, "line")]
    assert places == [
        (6, "bad-value"),
        (7, "bad-value"),
        (24, "duplicate-prefix"),
        (31, "unknown-word"),
        (49, "unknown-key"),
    ]


def test_a_url_with_a_password_is_never_repeated_in_a_message() -> None:
    url = "postgres" + "://someone:hidden@db/name"
    with pytest.raises(ConfigRefused) as refused:
        load_bytes(changed("limits: {head", f"stores: {{registry: {url!r}}}\nlimits: {{head"), Path(), Faults("f.yaml"))
    assert "hidden" not in str(refused.value)
    assert "stores.registry" in str(refused.value)
