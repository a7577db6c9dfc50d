"""Several public host names in one file: which part of it belongs to which."""

from __future__ import annotations

from dataclasses import replace

from gateway.config.faults import Faults
from gateway.config.model import FileBlock
from gateway.config.words import Origin


def by_host(file: FileBlock, faults: Faults) -> tuple[FileBlock, ...]:
    """A file for each host, that of public_url first, with its own apps, routes and page edits. What names no
    `public_host` belongs to the first: a route opens a path on its own host and nowhere else."""
    main = file.public_url.host
    apps = tuple((name, block) for name, block in file.apps if block.public_host or not block.node.find("public_host"))
    if len(apps) < len(file.apps):  # a name that could not be read: what follows from it is no second fault
        return (replace(file, apps=apps),)
    named = [block.public_host or main for _, block in file.apps]
    hosts = tuple(dict.fromkeys((main, *named)))
    for blocks in (file.routes, file.page_edits):
        for block in blocks:
            if block.public_host and block.public_host not in hosts:
                what = f"no app is at {block.public_host}."
                faults.add(block.at("public_host"), "unknown-host", what, f"Known: {', '.join(hosts)}.")
    if file.apps and main not in named:
        what = f"every app has a public_host, and none is at {main}, the host of public_url."
        faults.add(file.at("apps"), "no-app", what, "Leave public_host out for the main app.")
    return tuple(_part(file, host, main) for host in hosts)


def _part(file: FileBlock, host: str, main: str) -> FileBlock:
    url = file.public_url
    return replace(
        file,
        public_url=Origin(url.scheme, host, url.port),
        trusted_proxies=file.trusted_proxies if host == main else (),
        apps=tuple((name, block) for name, block in file.apps if (block.public_host or main) == host),
        routes=tuple(block for block in file.routes if (block.public_host or main) == host),
        page_edits=tuple(block for block in file.page_edits if (block.public_host or main) == host),
    )
