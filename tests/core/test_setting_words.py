"""Settings in one line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.policy import TenantSettings
from gateway.core.setting_words import as_words, from_words
from gateway.core.subject import Feature

SETTINGS = st.builds(TenantSettings, st.booleans(), st.frozensets(st.sampled_from(Feature)), st.booleans())


@given(SETTINGS)
def test_what_is_written_reads_back(settings: TenantSettings) -> None:
    assert from_words(as_words(settings)) == settings


def test_the_spelling_is_the_one_of_the_audit_record() -> None:
    both = frozenset({Feature.PAYSLIP_OWN, Feature.ATTENDANCE_PUNCH})
    assert as_words(TenantSettings(True, both)) == "use=1 exempt=attendance.punch,payslip.own"
    assert as_words(TenantSettings()) == "use=0"
    assert as_words(TenantSettings(True, registration_codes=True)) == "use=1 codes=1"


def test_features_and_words_of_another_version_exempt_nothing() -> None:
    assert from_words("use=1 exempt=everything,payslip.own later=1") == TenantSettings(
        True, frozenset({Feature.PAYSLIP_OWN})
    )


@pytest.mark.parametrize("text", ["", "use=2", "use=", "exempt=payslip.own", "nothing"])
def test_what_is_no_settings_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_words(text)
