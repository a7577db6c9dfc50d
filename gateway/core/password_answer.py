"""What an app says of a password that was typed on a page of the gateway."""

from __future__ import annotations

import enum


class PasswordAnswer(enum.Enum):
    """The app took it, or it did not. An app that gives no answer that can be judged raises UpstreamUnavailable."""

    RIGHT = "right"
    WRONG = "wrong"
