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

second_factors = sa.Table(
    "second_factors",
    metadata,
    sa.Column("login_id", sa.Text, primary_key=True),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("enrolled_at", sa.Double, nullable=False),
    sa.Column("used_at", sa.Double, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
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
)

establishment_settings = sa.Table(
    "establishment_settings",
    metadata,
    sa.Column("office", sa.Text, primary_key=True),
    sa.Column("establishment", sa.Text, primary_key=True),
    sa.Column("uses_second_factor", sa.Boolean, nullable=False),
    sa.Column("exempt", sa.Text, nullable=False),
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
)

# Facts about the installation itself, such as the fingerprint of the key that sealed what is stored here.
installation = sa.Table(
    "installation",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
