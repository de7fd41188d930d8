"""Addresses on their way into the queue: completed, canonicalized, masqueraded, expanded, copied. Part of cleanup(8)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from simulator.mail.address import casefold
from simulator.mail.quoting import quote_822_local, unquote_822_local
from simulator.postfix.cleanup_status import FLAG_AUTOUTF8, FLAG_BCC_OK, FLAG_MAP_OK, STAT_DEFER, STAT_WRITE
from simulator.postfix.daemon import ServiceUnavailable
from simulator.postfix.lib import records
from simulator.postfix.lib.delivery import MTA_VERIFY, NOTIFY_NEVER, NOTIFY_SUCCESS, Recipient, Sent
from simulator.postfix.lib.mail_addr_map import NotAnAddress, map_address
from simulator.postfix.lib.name_mask import required_names
from simulator.postfix.lib.tables import Maps, StringList, TableError, mail_addr_find

if TYPE_CHECKING:
    from simulator.postfix.cleanup import Cleanup
    from simulator.postfix.cleanup_envelope import EnvelopeRecords
    from simulator.postfix.daemon import Changeable

_MAX_RECURSION: Final = 10
_CLASSES: Final = ("envelope_sender", "envelope_recipient", "header_sender", "header_recipient")
_SENDER_CLASSES: Final = ("envelope_sender", "header_sender")
_RECIPIENT_CLASSES: Final = ("envelope_recipient", "header_recipient")
_EXTENSIONS: Final = ("canonical", "virtual", "alias", "forward", "include", "generic")


class AddressMaps:
    """The tables of one process that change addresses."""

    def __init__(self, cleanup: Cleanup) -> None:
        params = cleanup.params
        self.cleanup = cleanup
        self.canonical = self._maps("canonical_maps")
        self.sender_canonical = self._maps("sender_canonical_maps")
        self.recipient_canonical = self._maps("recipient_canonical_maps")
        self.virtual_alias = self._maps("virtual_alias_maps")
        self.sender_bcc = self._maps("sender_bcc_maps")
        self.recipient_bcc = self._maps("recipient_bcc_maps")
        self.canonical_classes = required_names("canonical_classes", _CLASSES, params["canonical_classes"])
        self.sender_classes = required_names("sender_canonical_classes", _SENDER_CLASSES, params["sender_canonical_classes"])
        self.recipient_classes = required_names("recipient_canonical_classes", _RECIPIENT_CLASSES, params["recipient_canonical_classes"])
        self.masquerade_classes = required_names("masquerade_classes", _CLASSES, params["masquerade_classes"])
        self.masquerade_domains = [casefold(word) for word in params["masquerade_domains"].replace(",", " ").split()]
        self.masquerade_exceptions = StringList("masquerade_exceptions", params["masquerade_exceptions"], cleanup.table_context)
        propagate = required_names("propagate_unmatched_extensions", _EXTENSIONS, params["propagate_unmatched_extensions"])
        self.propagate_canonical = "canonical" in propagate
        self.propagate_virtual = "virtual" in propagate

    def _maps(self, name: str) -> Maps | None:
        value = self.cleanup.params[name]
        return Maps(name, value, self.cleanup.table_context) if value else None

    def tables(self) -> Iterable[Changeable]:
        """Everything that may change on disk."""
        maps = (self.sender_canonical, self.recipient_canonical, self.canonical, self.virtual_alias, self.sender_bcc, self.recipient_bcc)
        yield from (table for table in maps if table is not None)
        yield self.masquerade_exceptions

    # -- one address ----------------------------------------------------------------------------------------------------

    def complete(self, context: str, address: str) -> str:
        """trivial-rewrite(8) on an address in internal form. Raises ServiceUnavailable."""
        return unquote_822_local(self.cleanup.rewriter().rewrite(context, quote_822_local(address)))

    def _canonical(self, session: EnvelopeRecords, address: str, kind: str) -> str:
        """Canonical tables and masquerading, on an address in external form. `kind` is one of _CLASSES."""
        if not session.flags & FLAG_MAP_OK:
            return address
        is_sender = kind.endswith("sender")
        special = self.sender_canonical if is_sender else self.recipient_canonical
        if special is not None and kind in (self.sender_classes if is_sender else self.recipient_classes):
            address = self._map_one(session, special, address, kind)
        if self.canonical is not None and kind in self.canonical_classes:
            address = self._map_one(session, self.canonical, address, kind)
        if self.masquerade_domains and kind in self.masquerade_classes:
            before, address = address, self._masquerade(session, address)
            if address != before:
                self.cleanup.trace("mapped", session.queue_id, table="masquerade_domains", key=before, result=address, kind=kind)
        return address

    def _map_one(self, session: EnvelopeRecords, maps: Maps, address: str, kind: str) -> str:
        queue_id, warn = session.queue_id, session.log.warning
        later = "message not accepted, try again later"
        for _ in range(_MAX_RECURSION):
            try:
                found = map_address(self.cleanup, maps, unquote_822_local(address), self.propagate_canonical, query="external")
            except (TableError, NotAnAddress):
                warn(f"{queue_id}: {maps.title} map lookup problem for {address} -- {later}")
                session.errors |= STAT_WRITE
                return address
            if found is None:
                return address
            if len(found) > 1:
                warn(f"{queue_id}: multi-valued {maps.title} entry for {address}")
            before, address = address, found[0]
            self.cleanup.trace("mapped", queue_id, table=maps.title, key=before, result=address, kind=kind)
            if casefold(before) == casefold(address):
                return address
        warn(f"{queue_id}: unreasonable {maps.title} map nesting for {address} -- {later}")
        return address

    def _masquerade(self, session: EnvelopeRecords, address: str) -> str:
        name, at, domain = address.rpartition("@")
        if not at:
            return address
        domain = casefold(domain)
        try:
            if self.masquerade_exceptions.match(name):
                return address
        except TableError:
            session.log.info(f"{session.queue_id}: masquerade_exceptions map lookup problem -- message not accepted, try again later")
            session.errors |= STAT_WRITE
        for pattern in self.masquerade_domains:
            bare = pattern.lstrip("!")
            if domain == bare:
                return address
            if bare and domain.endswith("." + bare):
                return address if (len(pattern) - len(bare)) % 2 else f"{name}@{bare}"
        return address

    def header_address(self, session: EnvelopeRecords, address: str, is_sender: bool) -> str:
        """An address in a header, in external form. Raises ServiceUnavailable."""
        assert session.rewrite_context is not None
        if address:
            address = self.cleanup.rewriter().rewrite(session.rewrite_context, address)
        return self._canonical(session, address, "header_sender" if is_sender else "header_recipient")

    def _envelope_address(self, session: EnvelopeRecords, address: str, kind: str) -> str:
        return unquote_822_local(self._canonical(session, quote_822_local(address), kind))

    def _note_utf8(self, session: EnvelopeRecords, address: str, is_sender: bool) -> None:
        if address.isascii() or not self.cleanup.params.bool("smtputf8_enable"):
            return
        if is_sender:
            session.smtputf8 |= 4
        if session.flags & FLAG_AUTOUTF8:
            session.smtputf8 |= 1

    # -- envelope -------------------------------------------------------------------------------------------------------

    def sender(self, session: EnvelopeRecords, text: str) -> None:
        """The sender record. Raises ServiceUnavailable."""
        address = self.complete("local", text)
        if address.lower().startswith("mailer-daemon@") and casefold(address) == casefold(self.complete("local", "MAILER-DAEMON")):
            address = ""
        address = self._envelope_address(session, address, "envelope_sender")
        self._note_utf8(session, address, True)
        session.out_text(records.FROM, address)
        session.sender = address
        if session.flags & FLAG_BCC_OK and address:
            self._bcc_by_table(session, self.sender_bcc, address)

    def recipient(self, session: EnvelopeRecords, original: str, text: str) -> None:
        """A recipient record. Raises ServiceUnavailable."""
        address = self.complete("local", text or self.cleanup.params["empty_address_recipient"])
        address = self._envelope_address(session, address, "envelope_recipient")
        self._note_utf8(session, address, False)
        if not session.dsn_orcpt and address:
            kind = "utf-8" if not address.isascii() and session.smtputf8 & 1 else "rfc822"
            session.dsn_orcpt = f"{kind};{address}"
        self._out_recipient(session, Recipient(address, original, session.dsn_orcpt, session.dsn_notify))
        session.recipient = address
        if session.flags & FLAG_BCC_OK and address:
            self._bcc_by_table(session, self.recipient_bcc, address)

    def _bcc_by_table(self, session: EnvelopeRecords, maps: Maps | None, address: str) -> None:
        if maps is None:
            return
        try:
            found = mail_addr_find(maps, address, to_internal=True)
        except TableError:
            session.log.warning(f"{session.queue_id}: {maps.title} map lookup problem -- message not accepted, try again later")
            session.errors |= STAT_WRITE
            return
        if found is not None:
            self.cleanup.trace("copied", session.queue_id, table=maps.title, key=address, result=found[0])
            self.bcc(session, found[0])

    def bcc(self, session: EnvelopeRecords, address: str, dsn_orcpt: str = "", dsn_notify: int = NOTIFY_NEVER) -> None:
        """An automatic copy: nobody is told what becomes of it."""
        address = self.complete("local", address)
        address = self._envelope_address(session, address, "envelope_recipient")
        self._note_utf8(session, address, False)
        self._out_recipient(session, Recipient(address, address, dsn_orcpt, dsn_notify))

    # -- expansion ------------------------------------------------------------------------------------------------------

    def _out_recipient(self, session: EnvelopeRecords, recipient: Recipient) -> None:
        if not session.flags & FLAG_MAP_OK or self.virtual_alias is None:
            self._write(session, recipient, recipient.address)
            return
        expanded = self._expand(session, recipient.address)
        if len(expanded) > 1 and session.trace_flags & MTA_VERIFY:
            self._verified(session, recipient)
            return
        notify = recipient.dsn_notify
        if notify & NOTIFY_SUCCESS and expanded != [recipient.address]:
            self._trace_expansion(session, recipient)
            notify = NOTIFY_NEVER if notify == NOTIFY_SUCCESS else notify & ~NOTIFY_SUCCESS
        told = Recipient(recipient.address, recipient.orig_address, recipient.dsn_orcpt, notify)
        for address in expanded:
            self._write(session, told, address)

    def _write(self, session: EnvelopeRecords, recipient: Recipient, address: str) -> None:
        """A recipient's records, unless the same recipient is there already (duplicate_filter_limit)."""
        if self.cleanup.params.bool("enable_original_recipient"):
            key: tuple[object, ...] = (casefold(recipient.dsn_orcpt), recipient.dsn_notify, casefold(recipient.orig_address), casefold(address))
        else:
            key = (casefold(address),)
        if key in session.recipients_seen:
            return
        limit = self.cleanup.params.int("duplicate_filter_limit")
        if not limit or len(session.recipients_seen) < limit:
            session.recipients_seen.add(key)
        if recipient.dsn_notify:
            session.out_attribute("notify_flags", str(recipient.dsn_notify))
        if recipient.dsn_orcpt:
            session.out_attribute("dsn_orig_rcpt", recipient.dsn_orcpt)
        session.out_text(records.ORIGINAL_RECIPIENT, recipient.orig_address)
        session.out_text(records.RECIPIENT, address)
        session.recipient_count += 1

    def _expand(self, session: EnvelopeRecords, address: str) -> list[str]:
        """Virtual aliases of an address, of their results, and so on: postconf(5) virtual_alias_recursion_limit."""
        assert self.virtual_alias is not None
        params = self.cleanup.params
        title = self.virtual_alias.title
        result, been_here = [address], set[str]()
        index = 0
        while index < len(result):
            if len(result) > params.int("virtual_alias_expansion_limit"):
                return self._refuse(session, address, STAT_DEFER, f"unreasonable {title} map expansion size for {address}")
            for count in range(params.int("virtual_alias_recursion_limit") + 1):
                before = result[index]
                if casefold(before) in been_here:
                    break
                if count >= params.int("virtual_alias_recursion_limit"):
                    return self._refuse(session, address, STAT_DEFER, f"unreasonable {title} map nesting for {address}")
                try:
                    found = map_address(self.cleanup, self.virtual_alias, before, self.propagate_virtual)
                except (TableError, NotAnAddress):
                    return self._refuse(session, address, STAT_WRITE, f"{title} map lookup problem for {address}")
                if found is None:
                    break
                addresses = [unquote_822_local(one) for one in found]
                longest = max(addresses, key=len)
                if len(longest) > params.int("virtual_alias_address_length_limit"):
                    return self._refuse(session, address, STAT_DEFER, f"unreasonable {title} result {longest[:300]}...")
                self.cleanup.trace("mapped", session.queue_id, table=title, key=before, result=", ".join(addresses), kind="envelope_recipient")
                result[index : index + 1] = addresses[:1]
                result += addresses[1:]
                if any(casefold(one) == casefold(before) for one in addresses):
                    been_here.add(casefold(before))
            index += 1
        return result

    def _refuse(self, session: EnvelopeRecords, address: str, status: int, trouble: str) -> list[str]:
        session.log.warning(f"{session.queue_id}: {trouble} -- message not accepted, try again later")
        session.errors |= status
        session.reason = "4.6.0 Alias expansion error"
        return [address]

    def _trace_expansion(self, session: EnvelopeRecords, recipient: Recipient) -> None:
        fate = Sent("2.0.0", "alias expanded", action="expanded")
        session.traced = True
        if not self.cleanup.reporter.trace(0, session.queue_id, session.stamps, recipient, fate):
            session.log.warning(f"{session.queue_id}: trace logfile update error")
            session.errors |= STAT_WRITE

    def _verified(self, session: EnvelopeRecords, recipient: Recipient) -> None:
        fate = Sent("2.0.0", "aliased to multiple recipients", action="deliverable")
        try:
            self.cleanup.reporter.report(MTA_VERIFY, session.queue_id, session.stamps, recipient, fate)
        except ServiceUnavailable:
            session.log.warning(f"{session.queue_id}: verify service update error")
            session.errors |= STAT_WRITE

