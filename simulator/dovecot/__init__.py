"""Dovecot 2.3: the mailbox server. Authentication, IMAP, POP3, LMTP, dovecot-lda with Sieve, quota, doveadm."""
