"""Perl compatible regular expressions as PCRE2 10.42 understands them, for the `regex` library: pcre2pattern(3).

A pattern is parsed and spelt anew, byte by byte as PCRE2 does without UTF mode; what PCRE2 refuses is refused with its
words and offset. What the `regex` library cannot do raises NotSimulated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import regex

from simulator.postfix.lib.tables.byte_set import ALL, set_pattern
from simulator.postfix.lib.tables.pcre_class import NO_COLLATION, ClassParser, posix_syntax_end
from simulator.postfix.lib.tables.pcre_escape import Escape, read_escape
from simulator.postfix.lib.tables.posix_regex import RegexError

NOTHING_TO_REPEAT: Final = "quantifier does not follow a repeatable item"
MISSING_PAREN: Final = "missing closing parenthesis"
UNMATCHED_PAREN: Final = "unmatched closing parenthesis"
BAD_OPTION: Final = "unrecognized character after (? or (?-"
NO_SUCH_GROUP: Final = "reference to non-existent subpattern"
NOT_FIXED: Final = "lookbehind assertion is not fixed length"
BAD_NAME: Final = "syntax error in subpattern name (missing terminator?)"
DUPLICATE_NAME: Final = "two named subpatterns have the same name (PCRE2_DUPNAMES not set)"
BAD_VERB: Final = "(*VERB) not recognized or malformed"
NO_CLASS_HERE: Final = "POSIX named classes are supported only within a class"
K_IN_LOOKAROUND: Final = "\\K is not allowed in lookarounds (but see PCRE2_EXTRA_ALLOW_LOOKAROUND_BSK)"
_MAX_REPEAT: Final = 65535
_MAX_DEPTH: Final = 250

_NOT_NEWLINE = set_pattern(ALL - {10})
_BLANKS = " \t\n\v\f\r"
_QUANTIFIER = regex.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_NAME = regex.compile(r"[A-Za-z_0-9]*")
_LEADING_OPTION = regex.compile(
    r"\(\*(?:UTF8?|UCP|NO_JIT|NO_START_OPT|NO_AUTO_POSSESS|NO_DOTSTAR_ANCHOR|NOTEMPTY|NOTEMPTY_ATSTART"
    r"|CR|LF|CRLF|ANY|ANYCRLF|NUL|BSR_ANYCRLF|BSR_UNICODE|LIMIT_(?:MATCH|DEPTH|HEAP|RECURSION)=\d+)\)"
)
_VERBS: Final = {"FAIL": "(?!)", "F": "(?!)", "PRUNE": "(*PRUNE)", "SKIP": "(*SKIP)"}
_KNOWN_VERBS: Final = frozenset(("ACCEPT", "FAIL", "F", "COMMIT", "PRUNE", "SKIP", "THEN", "MARK", ""))
_LOOKAROUND: Final = ("?=", "?!", "?<=", "?<!")


class NotSimulated(Exception):
    """The pattern is correct, but asks for something that is not simulated; the text says what."""


@dataclass(frozen=True, slots=True)
class Options:
    """The modifiers of a pattern, as they are in force at one place."""

    icase: bool = True
    dotall: bool = True
    multiline: bool = False
    extended: bool = False
    extended_more: bool = False
    ungreedy: bool = False
    dollar_endonly: bool = False
    no_capture: bool = False
    same_names: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the pattern in the new spelling, and how many bytes it matches if that is fixed."""

    text: str
    length: int | None = 0
    repeatable: bool = True


class PcreParser:
    """pcre2_compile(3)."""

    def __init__(self, pattern: str, options: Options) -> None:
        self.pattern = pattern
        self.options = options
        self.icase = options.icase
        self.position = 0
        self.depth = 0
        self.lookaround = 0
        self.misplaced_k = False
        self.groups = 0
        self.names: dict[str, int] = {}
        self.references: list[tuple[int | str, int]] = []
        self.not_fixed: list[int] = []

    def translate(self) -> str:
        """The pattern in the spelling of the `regex` library. Raises RegexError, NotSimulated."""
        while match := _LEADING_OPTION.match(self.pattern, self.position):
            self.position = match.end()
        pieces = self._alternatives()
        if self.position < len(self.pattern):
            raise RegexError(UNMATCHED_PAREN, self.position)
        if self.misplaced_k:
            raise RegexError(K_IN_LOOKAROUND, len(self.pattern))
        if self.not_fixed:
            raise RegexError(NOT_FIXED, self.not_fixed[0])
        for target, offset in self.references:
            if (target not in self.names) if isinstance(target, str) else not 0 <= target <= self.groups:
                raise RegexError(NO_SUCH_GROUP, offset)
        text = "|".join(piece.text for piece in pieces)
        for name, number in self.names.items():
            text = text.replace(f"\0{name}\0", str(number))
        return text

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

    def _at(self, count: int = 1) -> str:
        return self.pattern[self.position : self.position + count]

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

    def _cased(self, text: str) -> str:
        if self.options.icase == self.icase:
            return text
        return f"(?{'' if self.options.icase else '-'}i:{text})"

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
            raise RegexError("\\N{U+dddd} is supported only in Unicode (UTF) mode" if unicode else NO_NAMES, self.position)
        text = {"N": _NOT_NEWLINE, "C": set_pattern(ALL), "R": r"(?>\r\n|[\n\x0b\f\r\x85])", "X": r"(?>\r\n|(?s:.))"}[name]
        return Piece(text, 1 if name in "NC" else None)

    # -- references -------------------------------------------------------------------------------------------------------

    def _backref(self, target: int | str, offset: int) -> Piece:
        self.references.append((target, offset))
        number = f"\0{target}\0" if isinstance(target, str) else target
        return Piece(self._cased(f"(?:\\g<{number}>)"), None)

    def _named_backref(self, letter: str) -> Piece:
        start, opener = self.position, self._at()
        closer = {"{": "}", "<": ">", "'": "'"}.get(opener)
        if letter == "g":
            match = regex.compile(r"\{([+-]?\d+)\}|([+-]?\d+)").match(self.pattern, start)
            if match:
                self.position = match.end()
                return self._backref(self._relative(match[1] or match[2], match.end()), match.start() + len(match[0]) - 1)
            if closer is None or (opener == "{" and self.pattern[start + 1 : start + 2].isdigit()):
                text = "\\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number"
                raise RegexError(text, start)
            if opener != "{":
                raise NotSimulated("\\g<...>, a call of a group, as Oniguruma spells it")
        elif closer is None:
            raise RegexError("\\k is not followed by a braced, angle-bracketed, or quoted name", start)
        self.position += 1
        begin = self.position
        return self._backref(self._name(closer or ""), begin)

    def _relative(self, digits: str, offset: int) -> int:
        if digits[0] not in "+-":
            return int(digits[:9])
        if int(digits[:9]) == 0:
            raise RegexError("a relative value of zero is not allowed", offset)
        return self.groups + int(digits[:9]) + (digits[0] == "-")

    def _name(self, closer: str) -> str:
        """The name of a group up to `closer`, which is read too. Raises RegexError."""
        match = _NAME.match(self.pattern, self.position)
        name = match[0] if match else ""
        if not name:
            raise RegexError("subpattern name expected", self.position)
        if name[0].isdigit():
            raise RegexError("subpattern name must start with a non-digit", self.position)
        if len(name) > 32:
            raise RegexError("subpattern name is too long (maximum 32 code units)", self.position + 33)
        self.position += len(name)
        if self._at() != closer:
            raise RegexError(BAD_NAME, self.position)
        self.position += 1
        return name

    # -- parentheses ------------------------------------------------------------------------------------------------------

    def _parenthesis(self) -> Piece | None:
        start = self.position
        self.position += 1
        if self._at() == "*" and self._at(2) not in ("*", "*)"):
            return self._verb()
        if self._at() != "?":
            return self._group("(?:" if self.options.no_capture else "(")
        self.position += 1
        if self.position >= len(self.pattern):
            raise RegexError(MISSING_PAREN, self.position)
        for opener in (":", ">", "|", "=", "!", "<=", "<!"):
            if self.pattern.startswith(opener, self.position):
                self.position += len(opener)
                return self._group("(?" + opener, start)
        return self._question(self._at())

    def _question(self, char: str) -> Piece | None:
        if char == "*" or self._at(2) == "<*":
            raise NotSimulated("a non-atomic assertion, (?*...)")
        if char in ("<", "'"):
            return self._named_group({"<": ">", "'": "'"}[char])
        if char == "P":
            return self._python_style()
        if char == "(":
            return self._condition()
        if char == "C":
            self._callout()
            return None
        if char in "R&" or char.isdigit() or (char in "+-" and self.pattern[self.position + 1 : self.position + 2].isdigit()):
            return self._call(char)
        if char == "+":
            raise RegexError("digit expected after (?+ or (?-", self.position)
        return self._option_setting()

    def _group(self, opener: str, start: int = 0, name: str | None = None) -> Piece:
        looking = opener[1:] in _LOOKAROUND
        if opener == "(":
            self.groups += 1
            if name is not None:
                self.names.setdefault(name, self.groups)
        self.depth += 1
        self.lookaround += looking
        if self.depth > _MAX_DEPTH:
            raise RegexError("parentheses are too deeply nested", self.position)
        saved = self.options
        if "<" in opener:
            slot = len(self.not_fixed)
        pieces = self._alternatives(reset=opener == "(?|")
        if self._at() != ")":
            raise RegexError(MISSING_PAREN, len(self.pattern))
        self.position += 1
        self.options = saved
        self.depth -= 1
        self.lookaround -= looking
        lengths = {piece.length for piece in pieces}
        if "<" in opener and None in lengths:
            self.not_fixed.insert(slot, start)
        length = 0 if looking else lengths.pop() if len(lengths) == 1 else None
        return Piece(f"{opener}{'|'.join(piece.text for piece in pieces)})", length)

    def _named_group(self, closer: str) -> Piece:
        self.position += 1
        begin = self.position
        name = self._name(closer)
        if self.names.get(name, self.groups + 1) != self.groups + 1 and not self.options.same_names:
            raise RegexError(DUPLICATE_NAME, begin + len(name) + 1)
        return self._group("(", name=name)

    def _python_style(self) -> Piece:
        self.position += 1
        char = self._at()
        if not char:
            raise RegexError(MISSING_PAREN, self.position)
        if char == "<":
            return self._named_group(">")
        if char not in ">=":
            raise RegexError("unrecognized character after (?P", self.position)
        self.position += 1
        begin = self.position
        name = self._name(")")
        return self._backref(name, begin) if char == "=" else self._called(name, begin)

    def _call(self, char: str) -> Piece:
        begin = self.position
        self.position += 1
        if char == "R":
            if self._at() != ")":
                raise RegexError("(?R (recursive pattern call) must be followed by a closing parenthesis", self.position)
            self.position += 1
            return Piece("(?R)", None)
        if char == "&":
            return self._called(self._name(")"), begin + 1)
        while self._at().isdigit():
            self.position += 1
        number = self._relative(self.pattern[begin : self.position], self.position)
        if self._at() != ")":
            raise RegexError(MISSING_PAREN, self.position)
        self.position += 1
        return self._called(number, self.position - 1)

    def _called(self, target: int | str, offset: int) -> Piece:
        self.references.append((target, offset))
        return Piece(f"(?\0{target}\0)" if isinstance(target, str) else f"(?{target})", None)

    def _callout(self) -> None:
        end = self.pattern.find(")", self.position)
        if end < 0:
            raise RegexError(MISSING_PAREN, len(self.pattern))
        if not self.pattern[self.position + 1 : end].isdigit() and end > self.position + 1:
            raise NotSimulated("(?C...), a callout")
        self.position = end + 1

    def _condition(self) -> Piece:
        self.position += 1
        match = regex.compile(r"([+-]?\d+)\)|<(\w+)>\)|'(\w+)'\)|(DEFINE)\)|(?!R\)|R\d|VERSION)([A-Za-z_]\w*)\)").match(self.pattern, self.position)
        if match is None:
            raise NotSimulated("a conditional group, (?(condition)yes|no)")
        offset = self.position + (0 if match[1] or match[5] else 1)
        target: int | str = self._relative(match[1], match.end() - 1) if match[1] else match[2] or match[3] or match[4] or match[5]
        self.position = match.end()
        if match[4] is None:
            self.references.append((target, match.end(1) if match[1] else offset))
        spelt = "DEFINE" if match[4] else f"\0{target}\0" if isinstance(target, str) else target
        piece = self._group(f"(?({spelt})")
        return replace(piece, length=None)

    def _option_setting(self) -> Piece | None:
        names = {"i": "icase", "m": "multiline", "s": "dotall", "x": "extended", "n": "no_capture", "J": "same_names", "U": "ungreedy"}
        options, value, hyphen = self.options, True, True
        if self._at() == "^":
            options = replace(options, icase=False, multiline=False, dotall=False, extended=False, no_capture=False)
            self.position, hyphen = self.position + 1, False
        while (char := self._at()) and char not in "):":
            self.position += 1
            if char == "-":
                if not hyphen:
                    raise RegexError("invalid hyphen in option setting", self.position - 1 if self.pattern[self.position - 2] == "^" else self.position)
                value = hyphen = False
            elif char in names:
                more = char == "x" and self._at() == "x"
                self.position += more
                options = replace(options, **{names[char]: value})
                options = replace(options, extended_more=more and value) if char == "x" else options
            else:
                raise RegexError(BAD_OPTION, self.position - 1)
        if not char:
            raise RegexError(MISSING_PAREN, len(self.pattern))
        self.position += 1
        if char == ")":
            self.options = options
            return None
        saved, self.options = self.options, options
        piece = self._group("(?:")
        self.options = saved
        return piece

    def _verb(self) -> Piece | None:
        match = regex.compile(r"\*([A-Z_]*)(?:(:)([^)]*))?\)").match(self.pattern, self.position)
        if match is None or match[1] not in _KNOWN_VERBS or not (match[1] or match[2]):
            self._bad_verb()
        assert match is not None
        if match[1] == "MARK" and not match[3]:
            raise RegexError("(*MARK) must have an argument", match.end() - 1)
        self.position = match.end()
        if match[1] in ("", "MARK"):
            return None
        if match[1] not in _VERBS:
            raise NotSimulated(f"(*{match[1]})")
        return Piece(_VERBS[match[1]], None if match[1] == "SKIP" else 0, repeatable=False)

    def _bad_verb(self) -> None:
        word = regex.compile(r"\*(\w*)").match(self.pattern, self.position)
        name = word[1] if word else ""
        if name and name[0].islower():
            raise NotSimulated("(*name:...), an alphabetic assertion")
        raise RegexError(BAD_VERB, self.position + 1 + len(name))


NO_NAMES: Final = "PCRE2 does not support \\F, \\L, \\l, \\N{name}, \\U, or \\u"
