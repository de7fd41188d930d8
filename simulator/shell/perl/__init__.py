"""A small Perl: enough to run the scripts that people write for their mail.

`parser` reads the language into a tree of `nodes`, `interpreter` walks it, `builtins` holds the functions, `text` what Perl
does with strings: interpolation, formats, regular expressions. What is not known raises `NotSimulated` with its line.
"""
