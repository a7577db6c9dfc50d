"""What the gateway costs, beside nginx, HAProxy and Go's reverse proxy. Not installed with it; `make bench` runs it.

    wrk ── 32 connections, a browser's head ──► proxy under test ──► nginx as the app
    core 1                                      core 0               core 1

    python -m bench              the table, build/bench.json, docs/bench.svg (--short: under two minutes)
    python -m bench.refresh      the tables of README.md, docs/benchmark.md, deploy/capacity.md from build/bench.json
    python -m bench.profile      one request inside the gateway, by stage
    python -m bench.growth       decisions at 10,000 routes and 100,000 tenants, 10,000 idle connections
    python -m bench.soak         ten minutes of mixed traffic, memory before and after
    python -m bench.capacity     what ten million people who clock in between 8:30 and 9:00 need

Processor time is what the processes' accounts say (/proc), divided by the answers that wrk counted. An answer that did
not come from the app, or whose status is not 200, makes a run worthless: it raises Spoiled.
"""
