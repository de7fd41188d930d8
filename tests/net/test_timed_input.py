"""Typed input with pauses."""

from simulator.net.timed_input import pause, plain, segments


def test_pauses_lie_between_pieces() -> None:
    """A program that talks gets pieces with the seconds before each; any other sees the bare text."""
    typed = pause(0.5) + "EHLO x\n" + pause(1) + pause(2) + "QUIT\n" + pause(3)
    assert segments(typed) == [(0.5, "EHLO x\n"), (3.0, "QUIT\n"), (3.0, "")]
    assert plain(typed) == "EHLO x\nQUIT\n"


def test_without_pauses_there_is_one_piece() -> None:
    """Nothing typed is nothing to send."""
    assert segments("QUIT\n") == [(0.0, "QUIT\n")]
    assert segments("") == []
