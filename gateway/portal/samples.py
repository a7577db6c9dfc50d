"""Views with made-up content, every template in each of its shapes: for checking an operator's own templates."""

from __future__ import annotations

from gateway.core.problems import Problem
from gateway.portal.qr import key_groups, otpauth_uri
from gateway.portal.samples_help import HELP
from gateway.portal.samples_people import PEOPLE
from gateway.portal.samples_records import RECORDS
from gateway.portal.samples_settings import SETTINGS
from gateway.portal.views import (
    BackLink,
    ChoiceView,
    CodeView,
    EnrolmentView,
    LockedView,
    Message,
    ProblemView,
    StepUpView,
    View,
)

_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - the sample key of otpauth's own documentation, twice
_NOON = 1_795_230_000.0
_WRONG = Message("fault.wrong", (("left", 3), ("length", 1800)))
_BACK = BackLink("/", Message("back.punch+payslip"))
_CSRF = "sample"


def _enrolment(fault: Message | None, back: BackLink | None, *, advice: bool) -> EnrolmentView:
    uri = otpauth_uri(_SECRET, "B00000101", "ネットde顧問")
    return EnrolmentView(
        csrf=_CSRF,
        uri=uri,
        groups=key_groups(_SECRET),
        issuer="ネットde顧問",
        account="B00000101",
        ends_at=_NOON,
        tries=5,
        lock_seconds=1800,
        fault=fault,
        clock_advice=advice,
        back=back,
    )


_SIGN_IN: tuple[View, ...] = (
    ChoiceView(_CSRF, Message("choice.restricted.punch+payslip")),
    ChoiceView(_CSRF, Message("choice.restricted.payslip"), Message("choice.fault.none"), (_NOON, "203.0.113.9")),
    ChoiceView(_CSRF, Message("choice.restricted.payslip"), Message("choice.fault.none")),
    _enrolment(None, None, advice=False),
    _enrolment(_WRONG, _BACK, advice=True),
    CodeView(_CSRF, "B00000101", 5, 1800),
    CodeView(_CSRF, "B00000101", 5, 1800, _WRONG, clock_advice=True, back=_BACK, news=(_NOON, "")),
    LockedView(_CSRF, _NOON),
    LockedView(_CSRF, None, _BACK),
    StepUpView(_CSRF, "/shugyo/sheet?month=202610", False, "/.sekisho/code", _BACK),
    StepUpView(_CSRF, "", True, "/.sekisho/code"),
    *(ProblemView(problem.value) for problem in Problem),
    ProblemView(Problem.EXPIRED.value, "/login", Message("problem.sign-in")),
    ProblemView(Problem.NOT_FOUND.value, "/", Message("problem.home")),
    ProblemView(Problem.UPSTREAM_DOWN.value, "/shugyo/punch", Message("problem.again")),
    ProblemView(Problem.CODE_DUE.value, "/.sekisho/code", Message("problem.step-up")),
    ProblemView(Problem.CHOICE_DUE.value, "/.sekisho/choice", Message("problem.choice")),
)
SAMPLES: tuple[View, ...] = _SIGN_IN + SETTINGS + PEOPLE + RECORDS + HELP
