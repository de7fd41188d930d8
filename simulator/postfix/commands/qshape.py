"""NAME
    qshape - print Postfix queue domain and age distribution

SYNOPSIS
    qshape [-s] [-p] [-m min_subdomains] [-b bucket_count] [-t bucket_time] [-l] [-w terminal_width]
        [-N batch_msg_count] [-n batch_top_domains] [-c config_directory] [queue_name ...]

DESCRIPTION
    Counts the recipients of queued mail by domain (rows) and by the time since the message arrived (columns), in the queues
    incoming and active or those that are named. The first column is the total T; the head of each other column is the age
    in minutes up to which it counts: 5, 10, 20, 40, ...

    -s  count sender domains
    -p  also count parent domains (with a dot in front), if they have at least -m subdomains (5)
    -b  so many columns of ages (10); -t the age of the first one in minutes (5); -l all columns are as wide as the first
    -w  the width of the table (80)
    -N  on a terminal: intermediate results after so many messages (1000); -n the number of domains that is shown (20)
    -c  another directory with main.cf

    The program asks postconf(1), which must be in PATH, for queue_directory.

EXIT STATUS
    0; 255 after an unknown option; otherwise that of postconf(1).

DIFFERS FROM POSTFIX
    Domains with the same count and length of name stand in the order in which they were met; Perl has them in any order.
"""

from __future__ import annotations

from simulator.postfix.commands.qshape_files import Finder
from simulator.postfix.commands.qshape_options import Options, queue_directory
from simulator.postfix.commands.qshape_table import Shape
from simulator.unix.program import Process, program

#: The line of the script that Perl names in its warning.
_SUBTRACT_LINE = 282


@program("/usr/sbin/qshape", package="postfix")
def main(process: Process) -> int:
    """Run the program."""
    process.argv[0] = process.host.find_program(process.argv[0], process.env, process.cwd, process.cred)
    options = Options(process)
    finder, shape = Finder(process, queue_directory(options)), Shape(options)
    now, count = int(process.clock.now), 0
    for queue in options.queues:
        for path in finder.files(queue):
            envelope = finder.envelope(path)
            if envelope is None:
                continue
            if envelope.time is None:
                process.err(f"Use of uninitialized value $qt in subtraction (-) at {process.argv[0]} line {_SUBTRACT_LINE}.\n")
            column = shape.bucket(now - (envelope.time or 0))
            for address in (envelope.sender,) if "s" in options and envelope.time is not None else envelope.recipients:
                shape.count(address, column)
            count += 1
            if options.batch > 0 and count % options.batch == 0:
                process.out("".join(shape.lines()))
    process.out("".join(shape.lines()))
    return 0
