"""Sekisho: an authentication gateway in front of web applications that cannot be changed.

The path of a request:

    cli.py → app.py       one configuration becomes stores, gate, lane and portal; nobody else reads the clock
    workers/              several of these processes under a supervisor; the portal is one of its own then
    proxy/client.py       a browser's bytes become a head; what is no proper HTTP ends here
    proxy/express.py      the short way for requests like those judged before, while nothing has changed
    proxy/gate.py         whose path, who asks, what is missing; the first byte to an app leaves after this
      core/target.py      one meaning of the path, or doubt
      stores/sessions.py  proofs and vault of this browser, found by the hash of its cookie
      core/policy.py      settings, pins and dates become what holds for this person now
      core/decide.py      the decision, a value with a reason
    proxy/forwarding.py   the app's head, with the vault's cookies; streams both ways
    proxy/sign_in.py      the app's own sign-in: forwarded, judged, its cookies and its answer withheld
    proxy/waiting.py      what needs a code waits, a form too, and is given back when the code is in
    portal/               the gateway's own pages: choice, enrolment, code, locked, step-up, help
    directory/            login ID → person
    config/               routes.yaml → frozen objects, every fault at once
    demo/                 three legacy apps that know nothing of all this
"""
