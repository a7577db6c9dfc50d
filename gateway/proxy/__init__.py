"""The fast lane: browsers on one side, legacy apps on the other, and the gate between them.

    client.py ──► gate.py: reception → core.decide → sign_in · waiting · forwarding ──► forward.py ──► pool.py
       ▲                                                                                    │
       └────────────────────── answer: vaulting, page edits ◄───────────────────────────────┘

The lane (`client`, `forward`, `pool`, `server`) moves bytes and knows no session; the gate knows no socket.
"""
