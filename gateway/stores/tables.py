"""The registry's tables as SQLAlchemy sees them. Migrations create them; a test compares the two.

Times are Unix seconds (double precision). Every constraint has a name: SQLite's batch migrations lose unnamed ones.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

# Codes of establishments compare and sort by code point, whatever the server's locale: pages, exports and ranges agree
# on both databases. Columns that are joined with each other must be of one collation, or no index serves the join.
_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

second_factors = sa.Table(
    "second_factors",
    metadata,
    sa.Column("login_id", sa.Text, primary_key=True),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("enrolled_at", sa.Double, nullable=False),
    sa.Column("used_at", sa.Double, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
    sa.Column("enrolled_from", sa.Text, nullable=False, server_default=""),
    sa.Column("restricted_notice_at", sa.Double),
    sa.Column("full_notice_at", sa.Double),
    sa.Index("ix_second_factors_enrolled_at", "enrolled_at"),
)

# One row per login ID, so only the secret shown last can be confirmed.
pending_enrolments = sa.Table(
    "pending_enrolments",
    metadata,
    sa.Column("login_id", sa.Text, primary_key=True),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
)

lockouts = sa.Table(
    "lockouts",
    metadata,
    sa.Column("login_id", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("locked_until", sa.Double),
    sa.Column("stopped", sa.Boolean, nullable=False),
)

office_settings = sa.Table(
    "office_settings",
    metadata,
    sa.Column("office", sa.Text, primary_key=True),
    sa.Column("uses_second_factor", sa.Boolean, nullable=False),
    sa.Column("exempt", sa.Text, nullable=False),
    sa.Column("registration_codes", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("changed_at", sa.Double),
    sa.Column("changed_by", sa.Text, nullable=False, server_default=""),
)

establishment_settings = sa.Table(
    "establishment_settings",
    metadata,
    sa.Column("office", sa.Text, primary_key=True),
    sa.Column("establishment", _CODE, primary_key=True),
    sa.Column("uses_second_factor", sa.Boolean, nullable=False),
    sa.Column("exempt", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("changed_at", sa.Double),
    sa.Column("changed_by", sa.Text, nullable=False, server_default=""),
)

# One row per office: its revision counts the changes of its settings, and whoever changes them holds this row.
offices = sa.Table(
    "offices",
    metadata,
    sa.Column("office", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("establishments_read_at", sa.Double),
    sa.Column("staff_read_at", sa.Double),
)

# What the configuration says of single tenants; an office's own entry has an empty establishment.
configured_tenants = sa.Table(
    "configured_tenants",
    metadata,
    sa.Column("office", sa.Text, primary_key=True),
    sa.Column("establishment", _CODE, primary_key=True),
    sa.Column("uses_second_factor", sa.Boolean, nullable=False),
    sa.Column("exempt", sa.Text, nullable=False),
    sa.Column("pinned", sa.Boolean, nullable=False),
)

# The roster: who exists. `source`: configuration, database or sign-in; each replaces only its own.
establishments = sa.Table(
    "establishments",
    metadata,
    sa.Column("office", sa.Text, primary_key=True),
    sa.Column("code", _CODE, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kana", sa.Text, nullable=False),
    sa.Column("folded_name", sa.Text, nullable=False),
    sa.Column("folded_kana", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("people_read_at", sa.Double),
    # Holds all that a search looks at, so that the rows themselves are not read.
    sa.Index("ix_establishments_search", "office", "code", "folded_name", "folded_kana"),
)

people = sa.Table(
    "people",
    metadata,
    sa.Column("login_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("office", sa.Text, nullable=False),
    sa.Column("establishment", _CODE, nullable=False),
    sa.Column("employee", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("folded", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("seen_at", sa.Double),
    # Holds all that lists and searches look at, so that the rows themselves are not read.
    sa.Index("ix_people_search", "office", "establishment", "login_id", "kind", "folded"),
)

setting_changes = sa.Table(
    "setting_changes",
    metadata,
    sa.Column("change", sa.Text, primary_key=True),
    sa.Column("office", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("settings", sa.Text, nullable=False),
    sa.Column("undone_at", sa.Double),
    sa.Column("undone_revision", sa.BigInteger),
    sa.Index("ix_setting_changes_office_revision", "office", "revision"),
)

# What an undo puts back: what held before, and whether it was stored or came from the configuration.
setting_change_rows = sa.Table(
    "setting_change_rows",
    metadata,
    sa.Column("change", sa.Text, primary_key=True),
    sa.Column("establishment", _CODE, primary_key=True),
    sa.Column("before_uses", sa.Boolean, nullable=False),
    sa.Column("before_exempt", sa.Text, nullable=False),
    sa.Column("before_stored", sa.Boolean, nullable=False),
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
    sa.Index("ix_drafts_expires_at", "expires_at"),
)

registration_codes = sa.Table(
    "registration_codes",
    metadata,
    sa.Column("login_id", sa.Text, primary_key=True),
    sa.Column("code", sa.LargeBinary, nullable=False),
    sa.Column("issued_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double, nullable=False),
)

# Whose sessions a reset ended: processes that share no session store look here once a second.
ended_sessions = sa.Table(
    "ended_sessions",
    metadata,
    sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("login_id", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

audit_events = sa.Table(
    "audit_events",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    sa.Column("at", sa.Double, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("reference", sa.Text, nullable=False, index=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("office", sa.Text, nullable=False),
    sa.Column("establishment", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    # Authenticates this record together with the one before it; empty in records of a version without a chain.
    sa.Column("mac", sa.Text, nullable=False, server_default=""),
    sa.Index("ix_audit_events_office_id", "office", "id"),
    sa.Index("ix_audit_events_office_name_at", "office", "name", "at"),
    sa.Index("ix_audit_events_office_name_id", "office", "name", "id"),
    sa.Index("ix_audit_events_establishment_id", "establishment", "id"),
    sa.Index("ix_audit_events_subject_id", "subject", "id"),
    sa.Index("ix_audit_events_actor_id", "actor", "id"),
)

# `head`: the newest record of the chain; `base`: the last one that retention took away. Locked by whoever appends.
audit_chain = sa.Table(
    "audit_chain",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("mac", sa.Text, nullable=False),
    sa.Column("seal", sa.Text, nullable=False),
)

# Facts about the installation itself, such as the fingerprint of the key that sealed what is stored here.
installation = sa.Table(
    "installation",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
