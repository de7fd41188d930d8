"""What mailboxes, files and programs get of a message: mail_copy(3)."""

from simulator.postfix.lib.mail_copy import MAILDIR, MBOX, PLAIN, Copy, Envelope, mail_copy

ENVELOPE = Envelope("anna@ubuntu", "bernd", "bernd@ubuntu", 1795526689.0)


def test_a_mailbox_gets_a_from_line_three_headers_and_a_blank_line() -> None:
    """The order of the lines is that of a real mailbox; `From ` in the text is quoted, `>From ` is not quoted again."""
    text = b"Subject: x\n\nFrom here\n>From there\n From yonder\n"
    assert mail_copy(text, ENVELOPE, MBOX).decode() == (
        "From anna@ubuntu  Tue Nov 24 13:24:49 2026\nReturn-Path: <anna@ubuntu>\nX-Original-To: bernd\nDelivered-To: bernd@ubuntu\n"
        "Subject: x\n\n>From here\n>From there\n From yonder\n\n"
    )


def test_a_maildir_file_quotes_nothing() -> None:
    """Each message is a file of its own, so no line can be taken for the next message."""
    copy = mail_copy(b"\nFrom here\n", ENVELOPE, MAILDIR).decode()
    assert copy == "Return-Path: <anna@ubuntu>\nX-Original-To: bernd\nDelivered-To: bernd@ubuntu\n\nFrom here\n"


def test_the_empty_sender_is_mailer_daemon_in_the_from_line_alone() -> None:
    """Return-Path: shows the empty address, so that nobody answers."""
    copy = mail_copy(b"\n", Envelope("", "", "x@y", 0.0), MBOX).decode()
    assert copy.startswith("From MAILER-DAEMON  Thu Jan  1 00:00:00 1970\nReturn-Path: <>\nDelivered-To: x@y\n")


def test_an_unfinished_last_line_is_finished() -> None:
    """A text without a newline at its end would swallow the blank line that divides messages."""
    assert mail_copy(b"\nabc", ENVELOPE, Copy.BLANK) == b"\nabc\n\n"
    assert mail_copy(b"", ENVELOPE, PLAIN) == b""


def test_pipe_may_want_other_line_ends_and_quoted_dots() -> None:
    """flags=. and eol=\\r\\n of pipe(8) make the text fit for SMTP."""
    assert mail_copy(b"\n.x\n", ENVELOPE, Copy.DOT, eol="\r\n") == b"\r\n..x\r\n"


def test_addresses_are_quoted() -> None:
    """An address with a blank is in quotes in every line."""
    copy = mail_copy(b"\n", Envelope("a b@c", "", "d e@f", 0.0), MBOX).decode()
    assert 'From "a b"@c  ' in copy
    assert 'Return-Path: <"a b"@c>' in copy
    assert 'Delivered-To: "d e"@f' in copy
