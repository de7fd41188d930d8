"""procmail(1): recipes, flags, variables and the log."""

import pytest

from tests.mda.delivering import MESSAGE, SUMMARY, Delivering


@pytest.fixture
def anna() -> Delivering:
    return Delivering()


def test_the_first_recipe_that_holds_takes_the_message(anna: Delivering) -> None:
    """A folder is a mailbox: `From ` in the text is quoted, an empty line ends the message; the log has three lines."""
    log = anna.deliver("LOGFILE=log", ":0:", "* ^Subject: nothing", "other", ":0:", "* ^Subject:.*garden", "garden")
    assert log == SUMMARY.format("garden")
    assert anna.read("/home/anna/garden") == MESSAGE.replace("\nFrom here", "\n>From here") + "\n"
    assert anna.run("ls") == "garden\nlog\nm\nrc\n"


def test_what_no_recipe_takes_goes_to_the_mailbox(anna: Delivering) -> None:
    """The mailbox in the spool is made for the user and the group mail."""
    anna.deliver(":0:", "* ^Subject: nothing", "other")
    assert anna.run("stat -c '%U %G %a' /var/mail/anna") == "anna mail 660\n"


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        (["* ^TO_anna"], True),
        (["* ! ^TO_anna"], False),
        (["* ^From:.*bernd", "* ^Subject:.*weeds"], False),
        (["* ^subject:.*SEEDS"], True),
        (["* B ?? ^Hello$"], True),
        (["* < 100"], False),
        (["* > 100", "* < 1000"], True),
        (["* ? test -f /etc/passwd"], True),
        (["* ? test -f /etc/nothing"], False),
        (["* $ ^To:.*$LOGNAME@"], True),
        (["* 1^0 ^Subject", "* -5^0 ^X-None", "* -0.5^1 ^Received"], True),
        (["* 1^0 ^Subject", "* -5^0 ^Received"], False),
    ],
)
def test_conditions(anna: Delivering, conditions: list[str], holds: bool) -> None:
    """All must hold; scores are added up and must be above 0."""
    anna.deliver(":0:", *conditions, "hit")
    assert anna.lab["ubuntu"].fs.exists("/home/anna/hit") is holds


def test_case_counts_with_the_flag_d(anna: Delivering) -> None:
    """Without it expressions ignore case."""
    anna.deliver(":0 D:", "* ^subject", "exact", ":0:", "* ^subject", "loose")
    assert "loose" in anna.run("ls")


def test_copies_filters_and_blocks(anna: Delivering) -> None:
    """The flag c goes on after a delivery, f replaces the message, a block may hold further recipes."""
    rc = [":0 c:", "copy", ":0 fhw", "| formail -I 'Subject: changed'", ":0", "* ^Subject: changed", "{", "  :0 bw", "  | cat > body", "}"]
    anna.deliver(*rc)
    assert "Subject: [garden] seeds" in anna.read("/home/anna/copy")
    assert anna.read("/home/anna/body") == "Hello\nFrom here on\n\n"


def test_else_and_error_recipes(anna: Delivering) -> None:
    """E follows a recipe that did not hold, e one that failed, A and a one that held and worked."""
    anna.deliver(":0 w", "* ^Subject", "| false", ":0 e:", "failed")
    assert "failed" in anna.run("ls")
    anna.deliver(":0:", "* ^X-None", "no", ":0 E:", "else")
    assert "else" in anna.run("ls")
    anna.deliver(":0 c:", "* ^Subject", "first", ":0 A:", "second")
    assert anna.run("ls first second") == "first\nsecond\n"


def test_the_right_part_of_a_match(anna: Delivering) -> None:
    r"""What comes after `\/` is in $MATCH; quotes, braces and backquotes work as in a shell."""
    anna.deliver(":0", r"* ^Subject: \[\/[^]]+", "{ LIST=$MATCH }", "KIND=${NONE:-list} N=`expr 2 + 3`", ":0:", "$KIND-$LIST-$N")
    assert "list-garden-5" in anna.run("ls")


def test_failing_programs_are_reported(anna: Delivering) -> None:
    """w tells of a failure, W is silent; a program that takes too long is ended (TIMEOUT)."""
    log = anna.deliver("LOGFILE=log", ":0 w", "| false", ":0 W", "| false", "TIMEOUT=2", ":0 w", "| sleep 10", ":0:", "rest")
    assert log.splitlines()[:3] == [
        'procmail: Program failure (1) of "false"',
        'procmail: Timeout, terminating "sleep"',
        'procmail: Program failure (-15) of "sleep"',
    ]


def test_verbose_logs_every_step(anna: Delivering) -> None:
    """Matches, assignments, locks, in the order in which they happen."""
    log = anna.deliver("LOGFILE=log", "VERBOSE=yes", "LOGABSTRACT=no", ":0:", "* ^Subject", "box")
    lines = [line.removeprefix("procmail: ") for line in log.splitlines() if not line.startswith("procmail: [")]
    expected = 'Assigning "LOGABSTRACT=no"|Match on "^Subject"|Locking "box.lock"|Assigning "LASTFOLDER=box"|Opening "box"|Acquiring kernel-lock|Unlocking "box.lock"'
    assert [line for line in lines if "comsat" not in line] == expected.split("|")


def test_folders_of_all_kinds(anna: Delivering) -> None:
    """A slash makes a Maildir, slash and dot an MH folder, a directory gets files of its own, /dev/null nothing."""
    anna.run("mkdir dir")
    anna.deliver(":0 c", "maildir/", ":0 c", "mh/.", ":0 c", "dir", ":0", "/dev/null")
    assert anna.run("ls maildir mh; ls maildir/new | wc -l; ls dir | grep -c ^msg.") == "maildir:\ncur\nnew\ntmp\n\nmh:\n1\n1\n1\n"


def test_an_rc_file_that_others_may_write_does_not_count(anna: Delivering) -> None:
    """~/.procmailrc must belong to the user and be writable by nobody else; the system log tells of one that is not."""
    anna.run("printf ':0\\n/dev/null\\n' > .procmailrc; chmod 666 .procmailrc; procmail < m")
    assert anna.run('grep -c "^From " /var/mail/anna') == "1\n"
    assert 'Suspicious rcfile "/home/anna/.procmailrc"' in anna.read("/var/log/mail.log")


def test_exitcode_chooses_the_status(anna: Delivering) -> None:
    """So a recipe can refuse a message with the mail system's own means."""
    anna.write("/home/anna/rc", "EXITCODE=67\n:0\n/dev/null\n")
    assert anna.run("procmail ./rc < m; echo $?") == "67\n"
    assert anna.run("procmail -m ./missing < m; echo $?") == '73\nprocmail: Couldn\'t read "./missing"\n'


def test_the_system_wide_file_is_read_first(anna: Delivering) -> None:
    """/etc/procmailrc acts with procmail's own rights until DROPPRIVS."""
    anna.write("/etc/procmailrc", ":0 c:\n/tmp/all\nDROPPRIVS=yes\n:0 c:\n/tmp/own\n")
    anna.run("procmail < m")
    assert anna.run("stat -c '%U %G' /tmp/all /tmp/own") == "root mail\nanna anna\n"
