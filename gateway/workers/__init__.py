"""`sekisho serve --workers N`: a supervisor, N processes that carry requests, and one with the gateway's pages.

    supervisor ── holds every listening socket, one per worker and address, and carries nothing itself
      ├─ pages      the portal on a private UNIX socket; roster, retention, ends of sessions
      ├─ worker 1   a lane; /.sekisho/ goes to the pages
      └─ worker N

Sockets are never closed while the supervisor lives: what has connected to a worker that died or is being replaced
waits in its socket for the next one.
"""
