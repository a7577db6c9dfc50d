"""Offices run their own second factors: rosters, changes, people, registration codes, the audit chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_CODE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add columns, tables and indexes; the audit chain begins after what is recorded already."""
    _columns()
    _rosters()
    _changes()
    _people()
    _audit()


def downgrade() -> None:
    """Drop them, rosters and the chain included."""
    for name in ("ix_audit_events_actor_id", "ix_audit_events_subject_id", "ix_audit_events_establishment_id",
                 "ix_audit_events_office_name_id", "ix_audit_events_office_name_at",
                 "ix_audit_events_office_id"):  # fmt: skip
        op.drop_index(name, "audit_events")
    op.drop_index("ix_second_factors_enrolled_at", "second_factors")
    for table in (
        "audit_chain",
        "ended_sessions",
        "registration_codes",
        "drafts",
        "setting_change_rows",
        "setting_changes",
        "people",
        "establishments",
        "configured_tenants",
        "offices",
    ):
        op.drop_table(table)
    _collate("establishment_settings", "establishment", "")
    for table, names in (
        ("audit_events", ("mac",)),
        ("establishment_settings", ("changed_by", "changed_at", "revision")),
        ("office_settings", ("changed_by", "changed_at", "revision", "registration_codes")),
        ("second_factors", ("full_notice_at", "restricted_notice_at", "enrolled_from")),
    ):
        with op.batch_alter_table(table) as batch:
            for name in names:
                batch.drop_column(name)


def _columns() -> None:
    op.add_column("second_factors", sa.Column("enrolled_from", sa.Text, nullable=False, server_default=""))
    op.add_column("second_factors", sa.Column("restricted_notice_at", sa.Double))
    op.add_column("second_factors", sa.Column("full_notice_at", sa.Double))
    op.create_index("ix_second_factors_enrolled_at", "second_factors", ["enrolled_at"])
    op.add_column(
        "office_settings", sa.Column("registration_codes", sa.Boolean, nullable=False, server_default=sa.false())
    )
    for table in ("office_settings", "establishment_settings"):
        op.add_column(table, sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"))
        op.add_column(table, sa.Column("changed_at", sa.Double))
        op.add_column(table, sa.Column("changed_by", sa.Text, nullable=False, server_default=""))
    _collate("establishment_settings", "establishment", ' COLLATE "C"')


def _collate(table: str, column: str, collation: str) -> None:
    """SQLite compares by code point anyway."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE TEXT{collation}")


def _rosters() -> None:
    op.create_table(
        "offices",
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("establishments_read_at", sa.Double),
        sa.Column("staff_read_at", sa.Double),
        sa.PrimaryKeyConstraint("office", name="pk_offices"),
    )
    # Settings of before count as the first change of their office.
    op.execute(
        "INSERT INTO offices (office, revision) SELECT office, 1 FROM office_settings"
        " UNION SELECT office, 1 FROM establishment_settings"
    )
    op.create_table(
        "configured_tenants",
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("establishment", _CODE, nullable=False),
        sa.Column("uses_second_factor", sa.Boolean, nullable=False),
        sa.Column("exempt", sa.Text, nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("office", "establishment", name="pk_configured_tenants"),
    )
    op.create_table(
        "establishments",
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("code", _CODE, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kana", sa.Text, nullable=False),
        sa.Column("folded_name", sa.Text, nullable=False),
        sa.Column("folded_kana", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("people_read_at", sa.Double),
        sa.PrimaryKeyConstraint("office", "code", name="pk_establishments"),
    )
    op.create_index("ix_establishments_search", "establishments", ["office", "code", "folded_name", "folded_kana"])


def _changes() -> None:
    op.create_table(
        "setting_changes",
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("undone_at", sa.Double),
        sa.Column("undone_revision", sa.BigInteger),
        sa.PrimaryKeyConstraint("change", name="pk_setting_changes"),
    )
    op.create_index("ix_setting_changes_office_revision", "setting_changes", ["office", "revision"])
    op.create_table(
        "setting_change_rows",
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("establishment", _CODE, nullable=False),
        sa.Column("before_uses", sa.Boolean, nullable=False),
        sa.Column("before_exempt", sa.Text, nullable=False),
        sa.Column("before_stored", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("change", "establishment", name="pk_setting_change_rows"),
    )
    op.create_table(
        "drafts",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name="pk_drafts"),
    )
    op.create_index("ix_drafts_expires_at", "drafts", ["expires_at"])


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("login_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("office", sa.Text, nullable=False),
        sa.Column("establishment", _CODE, nullable=False),
        sa.Column("employee", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("seen_at", sa.Double),
        sa.PrimaryKeyConstraint("login_id", name="pk_people"),
    )
    op.create_index("ix_people_search", "people", ["office", "establishment", "login_id", "kind", "folded"])
    op.create_table(
        "registration_codes",
        sa.Column("login_id", sa.Text, nullable=False),
        sa.Column("code", sa.LargeBinary, nullable=False),
        sa.Column("issued_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("login_id", name="pk_registration_codes"),
    )
    op.create_table(
        "ended_sessions",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("login_id", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_ended_sessions"),
    )


def _audit() -> None:
    op.add_column("audit_events", sa.Column("mac", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_audit_events_office_id", "audit_events", ["office", "id"])
    op.create_index("ix_audit_events_office_name_at", "audit_events", ["office", "name", "at"])
    op.create_index("ix_audit_events_office_name_id", "audit_events", ["office", "name", "id"])
    op.create_index("ix_audit_events_establishment_id", "audit_events", ["establishment", "id"])
    op.create_index("ix_audit_events_subject_id", "audit_events", ["subject", "id"])
    op.create_index("ix_audit_events_actor_id", "audit_events", ["actor", "id"])
    op.create_table(
        "audit_chain",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("mac", sa.Text, nullable=False),
        sa.Column("seal", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_chain"),
    )
