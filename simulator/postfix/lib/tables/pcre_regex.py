"""Perl compatible regular expressions as PCRE2 10.42 understands them, for the `regex` library: pcre2pattern(3).

A pattern is parsed and spelt anew, byte by byte as PCRE2 does without UTF mode; what PCRE2 refuses is refused with its
words and offset. What the `regex` library cannot do raises NotSimulated.
"""

from __future__ import annotations

from typing import Final

import regex

from simulator.postfix.lib.tables.byte_set import ALL, set_pattern
from simulator.postfix.lib.tables.pcre_class import NO_COLLATION, ClassParser, posix_syntax_end
from simulator.postfix.lib.tables.pcre_escape import NOT_SUPPORTED, Escape, read_escape
from simulator.postfix.lib.tables.pcre_groups import Groups
from simulator.postfix.lib.tables.pcre_scanner import NotSimulated, Options, Piece
from simulator.postfix.lib.tables.posix_bracket import RegexError

__all__ = ["NotSimulated", "Options", "PcreParser"]

NOTHING_TO_REPEAT: Final = "quantifier does not follow a repeatable item"
UNMATCHED_PAREN: Final = "unmatched closing parenthesis"
NO_CLASS_HERE: Final = "POSIX named classes are supported only within a class"
NO_REFERENCE: Final = "\\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number"
NO_NAMED_REFERENCE: Final = "\\k is not followed by a braced, angle-bracketed, or quoted name"
_MAX_REPEAT: Final = 65535

_NOT_NEWLINE = set_pattern(ALL - {10})
_BLANKS = " \t\n\v\f\r"
_QUANTIFIER = regex.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_NUMBERED = regex.compile(r"\{([+-]?\d+)\}|([+-]?\d+)")
_LEADING_OPTION = regex.compile(
    r"\(\*(?:UTF8?|UCP|NO_JIT|NO_START_OPT|NO_AUTO_POSSESS|NO_DOTSTAR_ANCHOR|NOTEMPTY|NOTEMPTY_ATSTART"
    r"|CR|LF|CRLF|ANY|ANYCRLF|NUL|BSR_ANYCRLF|BSR_UNICODE|LIMIT_(?:MATCH|DEPTH|HEAP|RECURSION)=\d+)\)"
)


class PcreParser(Groups):
    """pcre2_compile(3)."""

    def translate(self) -> str:
        """The pattern in the spelling of the `regex` library. Raises RegexError, NotSimulated."""
        while match := _LEADING_OPTION.match(self.pattern, self.position):
            self.position = match.end()
        pieces = self._alternatives()
        if self.position < len(self.pattern):
            raise RegexError(UNMATCHED_PAREN, self.position)
        self._check()
        return self._with_numbers("|".join(piece.text for piece in pieces))

    # -- branches ---------------------------------------------------------------------------------------------------------

    def _alternatives(self, reset: bool = False) -> list[Piece]:
        """The branches up to a closing parenthesis or the end. `reset`: each begins with the same group number."""
        first, highest = self.groups, self.groups
        pieces = [self._branch()]
        while self._at() == "|":
            self.position += 1
            highest = max(highest, self.groups)
            self.groups = first if reset else self.groups
            pieces.append(self._branch())
        self.groups = max(highest, self.groups)
        return pieces

    def _branch(self) -> Piece:
        parts: list[Piece] = []
        while True:
            self._skip()
            if not (char := self._at()) or char in "|)":
                break
            piece = self._quoted() if self._at(2) == "\\Q" else self._piece(char)
            if piece is not None:
                parts += piece if isinstance(piece, list) else [piece]
        lengths = [part.length for part in parts]
        total = None if None in lengths else sum(length for length in lengths if length is not None)
        return Piece("".join(part.text for part in parts), total)

    def _piece(self, char: str) -> Piece | None:
        start = self.position
        if self._quantifier() is not None:
            raise RegexError(NOTHING_TO_REPEAT, self.position - 1 - (self.pattern[self.position - 1] in "?+" and self.position - start > 1))
        piece = self._atom(char)
        return self._repeated(piece) if piece is not None else None

    def _skip(self) -> None:
        """Comments, what /x leaves out, and \\E without \\Q."""
        while True:
            if self.options.extended and self._at() and self._at() in _BLANKS:
                self.position += 1
            elif self.options.extended and self._at() == "#":
                end = self.pattern.find("\n", self.position)
                self.position = len(self.pattern) if end < 0 else end + 1
            elif self._at(3) == "(?#":
                end = self.pattern.find(")", self.position)
                if end < 0:
                    raise RegexError("missing ) after (?# comment", len(self.pattern))
                self.position = end + 1
            elif self._at(2) == "\\E":
                self.position += 2
            else:
                return

    def _quoted(self) -> list[Piece]:
        end = self.pattern.find("\\E", self.position)
        content = self.pattern[self.position + 2 : end if end >= 0 else len(self.pattern)]
        self.position = end + 2 if end >= 0 else len(self.pattern)
        parts = [self._character(ord(char)) for char in content]
        if parts:
            parts[-1] = self._repeated(parts[-1])
        return parts

    # -- quantifiers ------------------------------------------------------------------------------------------------------

    def _quantifier(self) -> tuple[int, int | None] | None:
        """The bounds of a quantifier that stands here, without its ? or +; it is read. Raises RegexError."""
        char = self._at()
        if char and char in "*+?":
            self.position += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[char]
        match = _QUANTIFIER.match(self.pattern, self.position)
        if match is None:
            return None
        for group in (1, 3):
            if match[group] and int(match[group][:9]) > _MAX_REPEAT:
                raise RegexError("number too big in {} quantifier", match.start(group) + 5)
        self.position = match.end()
        low = int(match[1])
        high = low if match[2] is None else int(match[3]) if match[3] else None
        if high is not None and high < low:
            raise RegexError("numbers out of order in {} quantifier", self.position - 1)
        return low, high

    def _repeated(self, piece: Piece) -> Piece:
        before = self.position
        self._skip()
        bounds = self._quantifier()
        if bounds is None:
            self.position = before if not self.options.extended else self.position
            return piece
        if not piece.repeatable:
            raise RegexError(NOTHING_TO_REPEAT, self.position - 1)
        low, high = bounds
        mode = self._at()
        if mode and mode in "?+":
            self.position += 1
        lazy = (mode == "?") != self.options.ungreedy and mode != "+"
        suffix = "+" if mode == "+" else "?" if lazy else ""
        length = piece.length * low if piece.length is not None and low == high else None
        return Piece(f"(?:{piece.text}){{{low},{'' if high is None else high}}}{suffix}", length)

    # -- atoms ------------------------------------------------------------------------------------------------------------

    def _atom(self, char: str) -> Piece | None:
        if char == "(":
            return self._parenthesis()
        self.position += 1
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escaped()
        if char == ".":
            return Piece(set_pattern(ALL) if self.options.dotall else _NOT_NEWLINE, 1)
        if char == "^":
            return Piece(r"(?:\A|(?<=\n)(?!\Z))" if self.options.multiline else r"\A", repeatable=False)
        if char == "$":
            return Piece(self._dollar(), repeatable=False)
        return self._character(ord(char))

    def _dollar(self) -> str:
        if self.options.multiline:
            return r"(?=\n|\Z)"
        return r"\Z" if self.options.dollar_endonly else r"(?=\n?\Z)"

    def _character(self, byte: int) -> Piece:
        return Piece(self._cased(regex.escape(chr(byte), special_only=False)), 1)

    def _class(self) -> Piece:
        start = self.position
        for name in ("<", ">"):
            if self.pattern.startswith(f"[:{name}:]]", start):
                self.position += 6
                return Piece(r"\b(?=\w)" if name == "<" else r"\b(?<=\w)", repeatable=False)
        if self._at() and self._at() in ":.=" and posix_syntax_end(self.pattern, start):
            raise RegexError(NO_CLASS_HERE if self._at() == ":" else NO_COLLATION, start - 1)
        parser = ClassParser(self.pattern, start, self.options.icase, self.options.extended_more)
        members = parser.parse()
        self.position = parser.position
        return Piece(set_pattern(members), 1)

    def _escaped(self) -> Piece:
        escape = read_escape(self.pattern, self.position - 1, self.groups, in_class=False)
        self.position = escape.end
        if escape.kind == "char":
            return self._character(escape.number)
        if escape.kind == "set":
            return Piece(set_pattern(escape.members), 1)
        if escape.kind == "ref":
            return self._backref(escape.number, escape.end - 1)
        return self._special(escape)

    def _special(self, escape: Escape) -> Piece:
        anchors = {"A": r"\A", "G": r"\A", "Z": r"(?=\n?\Z)", "z": r"\Z", "b": r"\b", "B": r"\B"}
        name = escape.name
        if name in anchors:
            return Piece(anchors[name], repeatable=False)
        if name == "K":
            self.misplaced_k = self.misplaced_k or self.lookaround > 0
            return Piece(r"\K", repeatable=False)
        if name in "gk":
            return self._named_backref(name)
        if name == "N" and self._at() == "{" and not _QUANTIFIER.match(self.pattern, self.position):
            unicode = self._at(3) == "{U+"
            raise RegexError("\\N{U+dddd} is supported only in Unicode (UTF) mode" if unicode else NOT_SUPPORTED, self.position)
        text = {"N": _NOT_NEWLINE, "C": set_pattern(ALL), "R": r"(?>\r\n|[\n\x0b\f\r\x85])", "X": r"(?>\r\n|(?s:.))"}[name]
        return Piece(text, 1 if name in "NC" else None)

    def _named_backref(self, letter: str) -> Piece:
        start, opener = self.position, self._at()
        closer = {"{": "}", "<": ">", "'": "'"}.get(opener)
        if letter == "g":
            match = _NUMBERED.match(self.pattern, start)
            if match:
                self.position = match.end()
                return self._backref(self._relative(match[1] or match[2], match.end()), match.start() + len(match[0]) - 1)
            if closer is None or (opener == "{" and self.pattern[start + 1 : start + 2].isdigit()):
                raise RegexError(NO_REFERENCE, start)
            if opener != "{":
                raise NotSimulated("\\g<...>, a call of a group, as Oniguruma spells it")
        elif closer is None:
            raise RegexError(NO_NAMED_REFERENCE, start)
        self.position += 1
        begin = self.position
        return self._backref(self._name(closer or ""), begin)
