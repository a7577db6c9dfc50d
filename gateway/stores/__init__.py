"""What outlives a request: sessions (in memory or Redis) and the registry (SQLite or PostgreSQL).

    portal, proxy ──► sessions ──► base.SessionStore ◄── memory, redis
                  └─► base.Registry                  ◄── registry (factors, lockouts, tenant_settings, audit)

`base` says what every store guarantees; `sessions` serialises and seals above it; only `app` names a concrete store.
A store that does not answer raises StoreUnavailable, fast, and is never taken for one that found nothing.
"""
