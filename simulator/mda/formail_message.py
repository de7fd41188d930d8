"""One message on its way through formail(1)."""

from __future__ import annotations

import datetime
from typing import Final

from simulator.mda.formail_fields import FROM, Field, break_field, find, zapped
from simulator.mda.formail_options import Options
from simulator.mda.formail_sender import ENVELOPE, sender
from simulator.mda.summary import folder_line, subject_line
from simulator.unix.program import Process

_EX_NOUSER: Final = 67
_NOBODY: Final = "foo@bar"
_KEEPS: Final = (Field.of("X-Loop:\n"),)


class Message:
    """One message: its fields, and the body."""

    def __init__(self, p: Process, options: Options, text: str) -> None:
        self.p, self.options = p, options
        self.fields: list[Field] = []
        self.count, self.status = 0, 0
        lines = text.splitlines(keepends=True)
        while lines and break_field(lines[0]) > 0 and not (self.fields and lines[0].startswith(FROM)):
            joined = lines.pop(0)
            marks = ">" if joined.startswith(FROM) else " \t"
            while lines and lines[0][0] in marks:
                joined += lines.pop(0)
            self.fields.append(Field.of(joined if joined.endswith("\n") else joined + "\n"))
        self.body = "".join(lines[1:] if lines[:1] == ["\n"] else lines)
        for item in self.fields:
            item.tidy()

    def run(self) -> int:
        """Write it, changed. The exit status."""
        options, edits = self.options, self.options.edits
        replying = options.has("r")
        had_from = not options.has("f") and bool(self.fields) and self.fields[0].is_from
        keeps = [*edits.insert, *_KEEPS] if replying else edits.insert
        self.fields = edits.apply(self.fields, replying)
        if options.has("z"):
            self.fields = zapped(self.fields)
        if options.has("c"):
            for item in self.fields:
                item.join()
        whom = sender(self.fields, options.trust if replying else ENVELOPE)
        if options.cache is not None:
            known = self._is_known(whom, *options.cache)
            if not options.split:
                return 0 if known else 1
            if known:
                return 0
        if replying:
            self._reply(whom, keeps)
        elif not options.has("f") and not (self.fields and self.fields[0].is_from) and self._wants_from(had_from):
            stamp = datetime.datetime.fromtimestamp(self.p.clock.now, datetime.UTC).ctime()
            self.fields.insert(0, Field.of(f"{FROM}{whom or _NOBODY}  {stamp}\n"))
        self._write()
        return self.status

    def _wants_from(self, had_from: bool) -> bool:
        edits, line = self.options.edits, Field(FROM, len(FROM))
        return not had_from and not any(find(line, names) for names in (edits.insert, edits.replace, [old for old, _ in edits.rename]))

    def _named(self, name: str) -> str:
        item = find(Field(name, len(name)), (one for one in self.fields if one.size == len(name)))
        return item.value if item else ""

    def _reply(self, whom: str, keeps: list[Field]) -> None:
        """The header of an answer: what -i keeps, To:, Subject:, References:, In-Reply-To:."""
        subject, references, identity = self._named("Subject:"), self._named("References:"), self._named("Message-ID:")
        kept = [item for item in self.fields if (model := find(item, keeps)) is not None and model.is_empty]
        made = [f"To: {whom or _NOBODY}"]
        self.status = 0 if whom else _EX_NOUSER
        if subject:
            made.append(f"Subject:{'' if subject.lstrip().lower().startswith('re:') else ' Re:'}{_spaced(subject)}")
        if references or identity:
            made.append(f"References:{_spaced(references)}{_spaced(identity)}")
        if identity:
            made.append(f"In-Reply-To:{_spaced(identity)}")
        self.fields = self.options.edits.apply(kept + [Field.of(f"{line}\n") for line in made], True, second=True)

    def _is_known(self, whom: str, size: int, name: str) -> bool:
        """Is the Message-ID (of a reply: the address) in the cache? If not, it is put there, over the oldest ones."""
        key = (whom if self.options.has("r") else self._named("Message-ID:")).lstrip(" ").encode("utf-8", "surrogateescape")
        if not key:
            return False
        try:
            data = self.p.read(name)
        except FileNotFoundError:
            data = b""
        end = data.find(b"\0\0") + 1
        words = data.split(b"\0")
        if key in words:
            return True
        at = end if 0 < end < size else 0
        self.p.write(name, data[:at] + key + b"\0\0" + data[at + len(key) + 2 :], 0o666)
        return False

    # -- out ------------------------------------------------------------------------------------------------------------------

    def _put(self, text: str) -> None:
        self.count += len(text.encode("utf-8", "surrogateescape"))
        if not self.options.folder:
            self.p.out(text)

    def _write(self) -> None:
        options, edits = self.options, self.options.edits
        added = [item for item in edits.add_new if find(item, self.fields) is None]
        if options.folder:
            if self.fields and self.fields[0].is_from:
                self.p.out(self.fields[0].text)
            subject = find(Field("Subject:", 8), self.fields)
            self.p.out(subject_line(subject.text.removesuffix("\n") if subject else ""))
        for item in [*self.fields, *added, *(one for one in (*edits.add, *edits.insert, *edits.replace) if not one.is_empty)]:
            self._extract(item)
        if options.has("k") or not edits.extracting:
            self._put("\n")
        if options.has("k") or not (options.has("r") or edits.extracting):
            self._write_body()
        if options.folder:
            self.p.out(folder_line(options.folder, self.count))

    def _extract(self, item: Field) -> None:
        edits = self.options.edits
        if edits.extracting and find(item, edits.contents) is not None:
            self.p.out((item.value.strip(" \t") if self.options.has("z") else item.value) + "\n")
        elif not edits.extracting or find(item, edits.extract) is not None:
            self._put(item.text)

    def _write_body(self) -> None:
        options = self.options
        quoting, prefix = not options.has("b"), options.prefix
        last = "\n"
        for line in self.body.splitlines(keepends=True):
            last = line if line.endswith("\n") else line + "\n"
            quotes = prefix * (last.startswith(FROM) + (options.has("r") and last != "\n")) if quoting else ""
            self._put(quotes + last)
        if last != "\n":
            self._put("\n")


def _spaced(text: str) -> str:
    return text if not text or text[0] in " \t" else f" {text}"
