"""Words that may be quoted with { }: `{ text with blanks }` is one word. master(5), postconf(5), DATABASE_README "inline:"."""

from __future__ import annotations

from simulator.postfix.lib.logical_lines import BLANKS, COMMA_BLANKS, SPACE


def quoted_words(text: str, separators: str = BLANKS) -> list[str]:
    """Words between separators, where a separator inside { } does not count. The braces stay."""
    found: list[str] = []
    at, end = 0, len(text)
    while True:
        while at < end and text[at] in separators:
            at += 1
        if at == end:
            return found
        start, level = at, 0
        while at < end and (level > 0 or text[at] not in separators):
            level += 1 if text[at] == "{" else -1 if text[at] == "}" and level > 0 else 0
            at += 1
        found.append(text[start:at])


def list_words(text: str) -> list[str]:
    """Words of a list of tables or restrictions: separated by commas and blanks."""
    return quoted_words(text, COMMA_BLANKS)


def closing_brace(text: str) -> int:
    """The length of the `{...}` at the start of the text with its matching `}`; 0 if there is none."""
    level = 0
    for at, char in enumerate(text):
        level += 1 if char == "{" else -1 if char == "}" else 0
        if level == 0:
            return at + 1 if at else 0
    return 0


def unbrace(text: str, strip: bool = False) -> tuple[str, str]:
    """What stands inside the braces, and an error text ("" if all is well). `strip` removes blanks at both ends.

    Errors name the text as it was; the extracted text is then the best guess that Postfix makes.
    """
    error = ""
    if not text.startswith("{"):
        return text, f"no '{{' at start of text in \"{text}\""
    length = closing_brace(text)
    if length == 0:
        inside, error = text[1:], f"missing '}}' in \"{text}\""
    else:
        inside = text[1 : length - 1]
        if length < len(text):
            error = f"syntax error after '}}' in \"{text}\""
    return inside.strip(SPACE) if strip else inside, error
