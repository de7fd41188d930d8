"""The text of an rc file as procmail reads it: character by character, with one step back."""

from __future__ import annotations


class Source:
    """Characters that can be read one by one and looked at before: an rc file or a piece of text."""

    def __init__(self, text: str, name: str = "") -> None:
        self.text, self.name, self.at = text, name, 0

    def get(self) -> str:
        """The next character, "" at the end."""
        char = self.text[self.at : self.at + 1]
        self.at += 1
        return char

    def back(self) -> None:
        """Unread the last character."""
        self.at -= 1

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    def test(self, char: str) -> bool:
        """Read the character if it is the next one."""
        if self.text[self.at : self.at + 1] != char:
            return False
        self.at += 1
        return True

    def skip_blanks(self) -> bool:
        """Blanks and tabs; were there any?"""
        start = self.at
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
        return self.at > start

    def skip_line(self) -> None:
        """The rest of the line."""
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end + 1

    def line(self) -> str:
        """The rest of the line; a backslash at its end continues it, and both stay in the text."""
        parts: list[str] = []
        while True:
            start = self.at
            self.skip_line()
            part = self.text[start : self.at].removesuffix("\n")
            if not part.endswith("\\") or self.at > len(self.text) or start == self.at:
                return "\n".join([*parts, part])
            parts.append(part if len(part) > 1 else "")
