"""What `fetchmail --help` and `fetchmail -V` print."""

from __future__ import annotations

USAGE = """\
usage:  fetchmail [options] [server ...]
  Options are as follows:
  -?, --help        display this option help
  -V, --version     display version info
  -c, --check       check for messages without fetching
  -s, --silent      work silently
  -v, --verbose     work noisily (diagnostic output)
  -d, --daemon      run as a daemon once per n seconds
  -N, --nodetach    don't detach daemon process
  -q, --quit        kill daemon process
  -L, --logfile     specify logfile name
      --syslog      use syslog(3) for most messages when running as a daemon
      --nosyslog    turns off use of syslog(3)
      --invisible   don't write Received & enable host spoofing
  -f, --fetchmailrc specify alternate run control file
  -i, --idfile      specify alternate UIDs file
      --pidfile     specify alternate PID (lock) file
      --postmaster  specify recipient of last resort
      --nobounce    redirect bounces from user to postmaster.
      --nosoftbounce fetchmail deletes permanently undeliverable messages.
      --softbounce  keep permanently undeliverable messages on server (default).
  -I, --interface   interface required specification
  -M, --monitor     monitor interface for activity
      --ssl         enable ssl encrypted session
      --sslkey      ssl private key file
      --sslcert     ssl client certificate
      --sslcertck   do strict server certificate check (recommended)
      --nosslcertck skip strict server certificate check (insecure)
      --sslcertfile path to trusted-CA ssl certificate file
      --sslcertpath path to trusted-CA ssl certificate directory
      --sslcommonname  expect this CommonName from server (discouraged)
      --sslfingerprint fingerprint that must match that of the server's cert.
      --sslproto    force ssl protocol (see manual)
      --plugin      specify external command to open connection
      --plugout     specify external command to open smtp connection
      --bad-header {reject|accept}
                    specify policy for handling messages with bad headers
  -p, --proto[col]  specify retrieval protocol (see man page)
  -U, --uidl        force the use of UIDLs (pop3 only)
      --idle        tells the IMAP server to send notice of new messages
      --port        TCP port to connect to (obsolete, use --service)
  -P, --service     TCP service to connect to (can be numeric TCP port)
      --auth        authentication type (see manual)
  -t, --timeout     server nonresponse timeout
  -E, --envelope    envelope address header
  -Q, --qvirtual    prefix to remove from local user id
      --principal   mail service principal
      --tracepolls  add poll-tracing information to Received header
  -u, --user[name]  specify users's login on server
  -a, --[fetch]all  retrieve old and new messages
  -K, --nokeep      delete new messages after retrieval
  -k, --keep        save new messages after retrieval
  -F, --flush       delete old messages from server
      --limitflush  delete oversized messages
  -n, --norewrite   don't rewrite header addresses
  -l, --limit       don't fetch messages over given size
  -w, --warnings    interval between warning mail notification
  -S, --smtphost    set SMTP forwarding host
      --fetchdomains fetch mail for specified domains
  -D, --smtpaddress set SMTP delivery domain to use
      --smtpname    set SMTP full name username@domain
  -Z, --antispam,   set antispam response values
  -b, --batchlimit  set batch limit for SMTP connections
  -B, --fetchlimit  set fetch limit for server connections
      --fetchsizelimit set fetch message size limit
      --fastuidl    do a binary search for UIDLs
  -e, --expunge     set max deletions between expunges
  -m, --mda         set MDA to use for forwarding
      --bsmtp       set output BSMTP file
      --lmtp        use LMTP (RFC2033) for delivery
  -r, --folder      specify remote folder name
      --showdots    show progress dots even in logfiles
"""
#: `host` is the name of the machine.
VERSION_LINES = """\
This is fetchmail release 6.4.37+GSS+NTLM+SDPS+SSL-SSLv2-SSLv3+NLS+KRB5.
Compiled with SSL library 0x30000080 "OpenSSL 3.0.8 7 Feb 2023"
Run-time uses SSL library 0x30000140 "OpenSSL 3.0.20 7 Apr 2026"
OpenSSL: OPENSSLDIR: "/usr/lib/ssl"
Engines: ENGINESDIR: "/usr/lib/x86_64-linux-gnu/engines-3"

Copyright (C) 2002, 2003 Eric S. Raymond
Copyright (C) 2004 Matthias Andree, Eric S. Raymond,
                   Robert M. Funk, Graham Wilson
Copyright (C) 2005 - 2012 Sunil Shetye
Copyright (C) 2005 - 2023 Matthias Andree
Fetchmail comes with ABSOLUTELY NO WARRANTY. This is free software, and you
are welcome to redistribute it under certain conditions. For details,
please see the file COPYING in the source or documentation directory.
This product includes software developed by the OpenSSL Project
for use in the OpenSSL Toolkit. (http://www.openssl.org/)

Fallback MDA: (none)
Linux {host} 6.1.0-41-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.158-1 x86_64 GNU/Linux
"""
