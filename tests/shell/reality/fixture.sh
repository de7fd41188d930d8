cd /root
printf 'one\ntwo words\nthree  here\n\nfive\tTab\nlast line' > a.txt
printf 'b 2\na 10\nc 1\na 9\nB 3\n' > n.txt
printf 'x,1,aa\ny,2,bb\nz,3,cc\n' > c.csv
mkdir -p d/e/f; printf 'hello\n' > d/h.txt; printf 'deep\n' > d/e/f/deep.txt; ln -s h.txt d/link; ln -s nosuch d/dang; touch d/.hidden; chmod 640 d/h.txt
seq 1 30 > s.txt
cat > mail.log <<'EOF'
Nov 24 13:24:49 ubuntu postfix/pickup[326]: 3C794354E: uid=1000 from=<anna@ubuntu>
Nov 24 13:24:49 ubuntu postfix/cleanup[338]: 3C794354E: message-id=<20261124132449.3C794354E@ubuntu>
Nov 24 13:24:49 ubuntu postfix/qmgr[327]: 3C794354E: from=<anna@ubuntu>, size=304, nrcpt=1 (queue active)
Nov 24 13:24:49 ubuntu postfix/local[341]: 3C794354E: to=<support@ubuntu>, orig_to=<support>, relay=local, delay=0.03, delays=0.01/0.01/0/0.01, dsn=5.1.1, status=bounced (unknown user: "support")
Nov 24 13:24:52 ubuntu postfix/local[354]: 4B20A355F: to=<bernd@ubuntu>, orig_to=<support>, relay=local, delay=0.01, delays=0/0.01/0/0, dsn=2.0.0, status=sent (delivered to mailbox)
Nov 24 13:24:52 ubuntu postfix/qmgr[327]: 4B20A355F: removed
EOF
cat > mbox <<'EOF'
From anna@ubuntu  Tue Nov 24 13:24:52 2026
Return-Path: <anna@ubuntu>
X-Original-To: support
Delivered-To: support@ubuntu
Received: by ubuntu (Postfix, from userid 1000)
	id 4B20A355F; Tue, 24 Nov 2026 13:24:52 +0000 (UTC)
Subject: Ticket 2
To: support@ubuntu
From: anna@ubuntu

Drucker kaputt

From bernd@ubuntu  Tue Nov 24 13:25:52 2026
Return-Path: <bernd@ubuntu>
Subject: Re: Ticket 3
To: anna@ubuntu

Danke Gruesse

EOF
cat > q.json <<'EOF'
{"queue_name": "deferred", "queue_id": "62980613A9", "arrival_time": 1577619384, "message_size": 300, "forced_expire": false, "sender": "root@ubuntu", "recipients": [{"address": "vati123@ubuntu", "delay_reason": "user lookup error"}]}
{"queue_name": "hold", "queue_id": "8638C613AF", "arrival_time": 1577620006, "message_size": 330, "forced_expire": false, "sender": "anna@ubuntu", "recipients": [{"address": "unbekannt@ubuntu", "delay_reason": "connect to x[1.2.3.4]:25: Connection refused"}, {"address": "vati123@ubuntu"}]}
EOF
printf 'gr\374n\n' > latin1; printf 'gr\303\274n \342\202\254\n' > utf8
