"""formail(1) and lockfile(1)."""

import pytest

from tests.mda.delivering import SUMMARY, Delivering


@pytest.fixture
def anna() -> Delivering:
    return Delivering()


def test_fields_are_printed(anna: Delivering) -> None:
    """-x gives the content, with -z without blanks around; -X the whole field; a name without a colon stands for its beginning."""
    assert (
        anna.run("formail -x Subject: < m; formail -zx Subject: < m; formail -X Subj < m")
        == " [garden] seeds\n[garden] seeds\nSubject: [garden] seeds\n"
    )


def test_fields_are_added_replaced_and_renamed(anna: Delivering) -> None:
    """Fields of -a and -A come first, then those of -i, then those of -I; -i keeps the old one as Old-."""
    line = "formail -I 'Subject: new' -A 'X-A: 1' -a 'To: nobody' -i 'From: z@z' -I Received: -R Message-ID X-ID < m"
    assert anna.run(line).split("\n\n")[0].splitlines()[1:] == [
        "Old-From: Bernd Brot <bernd@ubuntu>",
        "To: anna@ubuntu",
        "X-ID: <1@ubuntu>",
        "X-A: 1",
        "From: z@z",
        "Subject: new",
    ]


def test_the_header_of_a_reply(anna: Delivering) -> None:
    """-r answers the sender of the envelope, -rt the author; -k keeps the text, quoted."""
    head = "To: {}\nSubject: Re: [garden] seeds\nReferences: <1@ubuntu>\nIn-Reply-To: <1@ubuntu>\n\n"
    assert anna.run("formail -r < m") == head.format("bernd@ubuntu")
    assert anna.run("formail -rt -k < m") == head.format("bernd@ubuntu") + ">Hello\n>>From here on\n\n"


def test_a_message_without_a_from_line_gets_one(anna: Delivering) -> None:
    """Only -f leaves it as it is; both end with an empty line."""
    assert anna.run("printf 'From: a@b\\n\\nx' | formail | sed 's/ Tue.*//'") == "From a@b \nFrom: a@b\n\nx\n\n"
    assert anna.run("printf 'A: b\\n\\nx\\n' | formail -f") == "A: b\n\nx\n\n"


def test_duplicates_are_found(anna: Delivering) -> None:
    """The status is 0 for a Message-ID that is in the cache."""
    assert (
        anna.run("for i in 1 2; do formail -D 1000 cache < m; echo $?; done; od -c cache | head -1")
        == "1\n0\n0000000   <   1   @   u   b   u   n   t   u   >  \\0  \\0\n"
    )


def test_a_mailbox_is_split(anna: Delivering) -> None:
    """Messages are divided by a From line behind an empty line; FILENO counts them; +n and -n choose."""
    anna.run("for i in 1 2 3; do cat m; echo; done > box")
    assert anna.run("formail -s sh -c 'cat > /dev/null; echo $FILENO' < box") == "000\n001\n002\n"
    assert anna.run("formail +1 -1 -s < box | grep -c ^Subject") == "1\n"


def test_summaries_and_mistakes(anna: Delivering) -> None:
    """-l writes what procmail would log; a wrong option shows the usage."""
    assert anna.run("formail -l folder < m") == SUMMARY.format("folder")
    assert anna.run("formail -k < m; echo $?").startswith("64\nUsage: formail")
    assert "Invalid field-name" in anna.run("formail -A 'no field' < m")


def test_lock_files(anna: Delivering) -> None:
    """A lock that is there is waited for; -! turns the status around, except for a lock that cannot be made."""
    assert anna.run("lockfile a; echo $?; lockfile -r0 a; echo $?; lockfile -! -r0 a; echo $?") == (
        '0\n73\n0\nlockfile: Sorry, giving up on "a"\nlockfile: Sorry, giving up on "a"\n'
    )
    assert anna.run("lockfile -ml; ls /var/mail; lockfile -mu; ls /var/mail; lockfile no/lock; echo $?") == (
        'anna.lock\n69\nlockfile: Try praying, giving up on "no/lock"\n'
    )
