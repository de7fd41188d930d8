"""Message text on its way into the queue: headers are rewritten, missing ones added, content is looked at. Part of cleanup(8)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from simulator.mail.address import externalize, parse, scan
from simulator.mail.date import mail_date
from simulator.mail.dsn import prepend_dsn
from simulator.mail.quoting import quote_822_local
from simulator.mail.tokens import ADDR, QSTRING, Token
from simulator.postfix.cleanup_check import DROP
from simulator.postfix.cleanup_status import FLAG_AUTOUTF8, FLAG_FILTER, STAT_BAD, STAT_CONT, STAT_HOPS
from simulator.postfix.lib import mime_state, records
from simulator.postfix.lib.header_opts import MIME, RECIPIENT, RESENT, SENDER, HeaderOptions, find, header_name_length
from simulator.postfix.lib.mime_state import MimeOptions, MimeState

if TYPE_CHECKING:
    from simulator.postfix.cleanup_session import CleanupSession

_FOLD_LENGTH: Final = 70
_ENCODINGS: Final = {"7bit": "7bit", "8bit": "8bit", "binary": "8bit", "quoted-printable": "7bit", "base64": "7bit"}
_VISIBLE: Final = ("To", "Resent-To", "Cc", "Resent-Cc")
# Characters for which a full name in From: must be quoted: RFC 822 specials, and % and ! of old addresses.
_PHRASE_SPECIALS: Final = '%!()<>@,;:\\".[]'
_HEADER_CUT: Final = 0.9


class MessageContent:
    """Headers and body of one message."""

    def __init__(self, session: CleanupSession) -> None:
        self.session = session
        self.cleanup = session.cleanup
        params = self.cleanup.params
        self.header_limit = params.int("header_size_limit")
        self.hop_limit = params.int("hopcount_limit")
        self.mask_stray = params.bool("cleanup_replace_stray_cr_lf")
        self.seen: set[str] = set()
        self.hops = 0
        self.resent = ""
        self.mime = MimeState(self, self._mime_options())

    def _mime_options(self) -> MimeOptions:
        params = self.cleanup.params
        report: set[str] = set()
        if self.session.flags & FLAG_FILTER and not params.bool("disable_mime_input_processing"):
            strict = params.bool("strict_8bitmime")
            report |= {mime_state.EIGHT_BIT_HEADER} if strict or params.bool("strict_7bit_headers") else set()
            report |= {mime_state.EIGHT_BIT_BODY} if strict or params.bool("strict_8bitmime_body") else set()
            report |= {mime_state.ENCODING_DOMAIN} if params.bool("strict_mime_encoding_domain") else set()
            if report or any(params[name] for name in ("header_checks", "mime_header_checks", "nested_header_checks")):
                report.add(mime_state.NESTING)
        return MimeOptions(
            self.header_limit,
            params.int("mime_nesting_limit"),
            params.int("mime_boundary_length_limit"),
            params.bool("disable_mime_input_processing"),
            frozenset(report),
        )

    # -- input ----------------------------------------------------------------------------------------------------------

    def line(self, kind: str, data: bytes) -> None:
        """One record of text."""
        if self.mask_stray and (b"\r" in data or b"\n" in data):
            data = data.replace(b"\r", b" ").replace(b"\n", b" ")
        data = self.cleanup.checks.characters(self.session, data)
        if self.session.ok:
            self.mime.update(kind, data)

    def end(self) -> None:
        """There is no more text."""
        self.mime.update(records.EXTRACTED, b"")
        session = self.session
        problems = [problem for problem in mime_state.PROBLEMS if problem in self.mime.problems and problem != mime_state.TRUNCATED_HEADER]
        if problems and not session.reason:
            session.errors |= STAT_CONT
            session.reason = prepend_dsn("5.6.0", problems[0])

    def mime_problem(self, problem: str, text: str) -> None:
        """Something in the message is not as MIME wants it, and the configuration is strict."""
        session = self.session
        origin = session.attributes["log_message_origin"]
        self.cleanup.log.info(
            f"{session.queue_id}: reject: mime-error {problem}: {text[:100]} from {origin}; "
            f"from=<{session.sender}> to=<{session.recipient or 'unknown'}>"
        )

    # -- headers --------------------------------------------------------------------------------------------------------

    def header(self, block: str, text: str) -> None:
        """A complete header of the message or of one of its parts."""
        session = self.session
        known = find(text)
        if known is not None and known.flags & MIME:
            block_for_checks = mime_state.MULTIPART
        else:
            block_for_checks = block
        if known is not None and known.name == "Received":
            self.hops += 1
        changed = self.cleanup.checks.header(session, self, block_for_checks, text)
        if changed is DROP:
            return
        if changed != text:
            text, known = changed, find(changed)
        if known is None:
            self.unknown_header(block, text)
            return
        self._note_encoding(known, text)
        if block != mime_state.PRIMARY or block_for_checks != mime_state.PRIMARY:
            self.write_header(text)
            return
        self._primary(known, text)

    def unknown_header(self, block: str, text: str) -> None:
        """A header that means nothing to Postfix, unless message_drop_headers names it."""
        name = text.partition(":")[0].rstrip(" \t").lower()
        if block != mime_state.PRIMARY or name not in self.cleanup.drop_headers:
            self.write_header(text)

    def _note_encoding(self, known: HeaderOptions, text: str) -> None:
        if known.name != "Content-Transfer-Encoding" or not self.cleanup.params.bool("detect_8bit_encoding_header"):
            return
        if _ENCODINGS.get(text.partition(":")[2].lstrip().lower()) == "8bit":
            self.session.attributes["encoding"] = "8bit"

    def _primary(self, known: HeaderOptions, text: str) -> None:
        session = self.session
        self.seen.add(known.name)
        value = text.partition(":")[2].lstrip()
        if known.name in ("Message-Id", "Resent-Message-Id"):
            self.cleanup.log.info(f"{session.queue_id}: {known.name.lower()}={value}")
            session.message_id = value
        if known.name == "Received" and self.hops >= self.hop_limit:
            self.cleanup.log.warning(f"{session.queue_id}: message rejected: hopcount exceeded")
            session.errors |= STAT_HOPS
        if not session.ok:
            return
        if known.flags & RESENT:
            self.resent = "Resent-"
        drop = known.name.lower() in self.cleanup.drop_headers
        if known.flags & (SENDER | RECIPIENT) and session.rewrite_context:
            self._rewrite(known, text, drop)
        elif not drop:
            self.write_header(text)

    def _rewrite(self, known: HeaderOptions, text: str, drop: bool) -> None:
        params, maps = self.cleanup.params, self.cleanup.address_maps
        tree = parse(text[len(known.name) + 1 :], params.int("header_address_token_limit"))
        changed = False
        result: list[Token] = []
        for token in tree:
            if token.kind == ADDR:
                before = externalize(token.parts)
                after = maps.header_address(self.session, before, bool(known.flags & SENDER))
                if after != before:
                    changed = True
                    token = Token(ADDR, parts=tuple(Token(part.kind, part.text, part.parts, True) for part in scan(after)))
            result.append(token)
        if drop:
            return
        if not changed:
            self.write_header(text)
            return
        self._write_folded(f"{known.name}: {externalize(result, lines=True, warn=self.cleanup.log.warning)}")

    def _write_folded(self, text: str) -> None:
        """As many addresses on a line as fit."""
        lines: list[str] = []
        for line in text.split("\n"):
            if lines and len(lines[-1]) + 1 + len(line) < _FOLD_LENGTH:
                lines[-1] += " " + line
            else:
                lines.append(line)
        self.write_header("\n".join(lines))

    def write_header(self, text: str) -> None:
        """A header of one or more lines, cut at header_size_limit."""
        session = self.session
        if not text.isascii() and self.cleanup.params.bool("smtputf8_enable"):
            session.smtputf8 |= 2 | (1 if session.flags & FLAG_AUTOUTF8 else 0)
        position = 0
        for line in text.split("\n"):
            if position + len(line) > self.header_limit:
                if position > _HEADER_CUT * self.header_limit:
                    return
                line = line[: self.header_limit - position]
            first = position == 0
            session.out_text(records.LINE, line if first or line[:1] in (" ", "\t") else "\t" + line)
            position += len(line) + 1
            if position > self.header_limit:
                return

    # -- headers that should be there -----------------------------------------------------------------------------------

    def end_of_header(self) -> None:
        """The primary headers are complete: add what is missing."""
        session = self.session
        if not session.ok:
            return
        if self.hops < 1:
            self.cleanup.log.warning(f"{session.queue_id}: message rejected: no Received: header")
            session.errors |= STAT_BAD
            return
        add = session.rewrite_context is not None or self.cleanup.always_add_headers
        if add:
            self._add_message_id()
        if "Message-Id" not in self.seen:
            self.cleanup.log.info(f"{session.queue_id}: message-id=<>")
        if not add:
            return
        if self.resent + "Date" not in self.seen:
            session.out_text(records.LINE, f"{self.resent}Date: {mail_date(session.arrival_time)}")
        if self.resent + "From" not in self.seen:
            session.out_text(records.LINE, f"{self.resent}From: {self._from()}")
        self._add_destination()

    def _add_message_id(self) -> None:
        session, name = self.session, self.resent + "Message-Id"
        if name in self.seen:
            return
        host = self.cleanup.params["myhostname"]
        stamp = "" if self.cleanup.spool.long_ids else time.strftime("%Y%m%d%H%M%S", time.gmtime(session.created)) + "."
        message_id = f"<{stamp}{session.queue_id}@{host}>"
        session.out_text(records.LINE, f"{name}: {message_id}")
        self.cleanup.log.info(f"{session.queue_id}: {name.lower()}={message_id}")
        session.message_id = message_id
        self.seen.add(name)

    def _from(self) -> str:
        sender = self.session.sender or ""
        address = quote_822_local(sender or "MAILER-DAEMON")
        name = (self.session.full_name or "").replace("\r", " ").replace("\n", " ")
        if not sender or not name:
            return address
        if self.cleanup.params["header_from_format"] != "standard":
            return f"{address} {externalize(scan(f'({name})'))}"
        if any(char in _PHRASE_SPECIALS for char in name):
            return f"{externalize([Token(QSTRING, name)])} <{address}>"
        phrase = externalize(scan(name, self.cleanup.params.int("header_address_token_limit")))
        return f"{phrase} <{address}>" if phrase else f"<{address}>"

    def _add_destination(self) -> None:
        text = self.cleanup.params["undisclosed_recipients_header"]
        if not text or any(name in self.seen for name in _VISIBLE):
            return
        if not header_name_length(text):
            self.cleanup.log.warning(f'bad undisclosed_recipients_header header text "{text}" -- need "headername: headervalue"')
            return
        self.session.out_text(records.LINE, text)

    # -- body -----------------------------------------------------------------------------------------------------------

    def body(self, kind: str, data: bytes, offset: int) -> None:
        """A line of the body, or the blank line before it."""
        session = self.session
        if not session.ok:
            return
        changed = self.cleanup.checks.body(session, self, data, offset)
        if changed is not None:
            session.out(kind, changed)
