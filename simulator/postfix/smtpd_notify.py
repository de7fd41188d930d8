"""The letter to the postmaster after a session with trouble that he wants to know of: postconf(5) notify_classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib.post_mail import PostMail
from simulator.postfix.lib.printable import line_wrap, printable

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd
    from simulator.postfix.smtpd_state import SmtpdState

_WIDTH, _INDENT = 78, 4


def notify_postmaster(smtpd: Smtpd, state: SmtpdState, history: list[str]) -> None:
    """Mail the transcript of the session."""
    params, host = smtpd.params, smtpd.settings.myhostname
    to = params["bounce_notice_recipient" if "bounce" in state.error_mask else "error_notice_recipient"]
    letter = PostMail.open(smtpd, f"{params['double_bounce_sender']}@{host}", to, "notify")
    if letter is None:
        return
    letter.lines(_headers(f"MAILER-DAEMON@{host}", params["error_notice_recipient"], params["header_from_format"]))
    letter.line(f"Subject: {params['mail_name']} SMTP server: errors from {state.namaddr}")
    letter.lines(("", "Transcript of session follows.", ""))
    for entry in history:
        letter.lines(f" {line}" for line in line_wrap(printable(entry), _WIDTH, _INDENT))
    letter.line("")
    if state.reason:
        letter.line(f"Session aborted, reason: {state.reason}")
    letter.lines(("", "For other details, see the local mail logfile"))
    letter.close()


def _headers(sender: str, recipient: str, form: str) -> tuple[str, str]:
    if form == "obsolete":
        return f"From: {sender} (Mail Delivery System)", f"To: {recipient} (Postmaster)"
    return f"From: Mail Delivery System <{sender}>", f"To: Postmaster <{recipient}>"
