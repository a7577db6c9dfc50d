"""The first schema: second factors, lock-outs, settings, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    _second_factors()
    _settings()
    _audit()
    op.create_table(
        "installation",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_installation"),
    )


def downgrade() -> None:
    """Drop every table, second factors included."""
    for table in (
        "installation",
        "audit_events",
        "establishment_settings",
        "office_settings",
        "lockouts",
        "pending_enrolments",
        "second_factors",
    ):
        op.drop_table(table)


def _second_factors() -> None:
    op.create_table(
        "second_factors",
        sa.Column("login_id", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("enrolled_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("login_id", name="pk_second_factors"),
    )
    op.create_table(
        "pending_enrolments",
        sa.Column("login_id", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("login_id", name="pk_pending_enrolments"),
    )
    op.create_table(
        "lockouts",
        sa.Column("login_id", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("locked_until", sa.Double, nullable=True),
        sa.Column("stopped", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("login_id", name="pk_lockouts"),
    )


def _settings() -> None:
    op.create_table(
        "office_settings",
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("uses_second_factor", sa.Boolean, nullable=False),
        sa.Column("exempt", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("office", name="pk_office_settings"),
    )
    op.create_table(
        "establishment_settings",
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("establishment", sa.Text, nullable=False),
        sa.Column("uses_second_factor", sa.Boolean, nullable=False),
        sa.Column("exempt", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("office", "establishment", name="pk_establishment_settings"),
    )


def _audit() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("establishment", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_index("ix_audit_events_reference", "audit_events", ["reference"])
