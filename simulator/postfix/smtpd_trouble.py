"""What ends a session of smtpd(8), or begins it anew, from somewhere inside it."""

from __future__ import annotations


class LocalTrouble(Exception):
    """A table that the session cannot do without cannot be read: the client is sent away."""


class Quiet(Exception):
    """The session ends, and what had to be said was said."""


class HangUp(Exception):
    """Drop the connection without a word."""


class Restart(Exception):
    """XCLIENT: begin anew, as another client."""
