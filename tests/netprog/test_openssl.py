"""openssl: keys and certificates by hand, and a look at other hosts' certificates."""

from __future__ import annotations

import pytest

from simulator import open_lab
from simulator.lab import Lab


@pytest.fixture
def lab() -> Lab:
    return open_lab("three")


MAKE = "openssl req -new -x509 -nodes -newkey {} -subj /CN=hub.example.com -days 30 -keyout k.pem -out c.pem 2>/dev/null"


@pytest.mark.parametrize(
    ("kind", "words"), [("rsa:2048", "rsaEncryption"), ("ec -pkeyopt ec_paramgen_curve:prime256v1", "id-ecPublicKey"), ("ed25519", "ED25519")]
)
def test_a_certificate_that_signs_itself(lab: Lab, kind: str, words: str) -> None:
    """Key and certificate belong together; the key is for its owner's eyes only."""
    hub = lab["hub"]
    hub.run(MAKE.format(kind))
    assert hub.run("openssl x509 -noout -subject -issuer -in c.pem").stdout == "subject=CN = hub.example.com\nissuer=CN = hub.example.com\n"
    assert f"Public Key Algorithm: {words}\n" in hub.run("openssl x509 -noout -text -in c.pem").stdout
    assert hub.run("openssl verify -CAfile c.pem c.pem").stdout == "c.pem: OK\n"
    assert hub.run("openssl x509 -noout -pubkey -in c.pem").stdout == hub.run("openssl pkey -in k.pem -pubout").stdout
    assert hub.run("stat -c %a k.pem c.pem").stdout == "600\n644\n"


def test_the_same_session_gives_the_same_key() -> None:
    """Chance is the lab's; another seed gives another key."""
    found = []
    for seed in (1, 1, 2):
        lab = open_lab("ubuntu", started=False, seed=seed)
        lab["ubuntu"].run(MAKE.format("rsa:1024"))
        found.append(lab["ubuntu"].read("/root/k.pem"))
    assert found[0] == found[1] != found[2]


def test_an_authority_and_a_server(lab: Lab) -> None:
    """A chain of two: trusted through the authority, not without it, and not for another name."""
    hub = lab["hub"]
    hub.run("openssl req -new -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj '/O=Test/CN=Test CA' -keyout ca.key -out ca.pem")
    hub.run(
        "openssl req -new -nodes -newkey rsa:2048 -subj /CN=hub.example.com -keyout hub.key -out hub.csr; echo 'subjectAltName = DNS:hub.example.com' > ext"
    )
    done = hub.run("openssl x509 -req -in hub.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 10 -extfile ext -out hub.pem")
    assert done.stderr == "Certificate request self-signature ok\nsubject=CN = hub.example.com\n"
    assert hub.run("openssl verify -CAfile ca.pem hub.pem").stdout == "hub.pem: OK\n"
    alone = hub.run("openssl verify hub.pem")
    assert alone.exit_code == 2
    assert (
        alone.stderr
        == "CN = hub.example.com\nerror 20 at 0 depth lookup: unable to get local issuer certificate\nerror hub.pem: verification failed\n"
    )
    assert "hostname mismatch" in hub.run("openssl verify -CAfile ca.pem -verify_hostname mx.example.org hub.pem").stderr
    assert "error 10 at" in after_days(lab, 11, "openssl verify -CAfile ca.pem hub.pem")


def after_days(lab: Lab, days: int, command: str) -> str:
    lab.advance(days * 86400)
    return str(lab["hub"].run(command).stderr)


def test_keys_with_a_password(lab: Lab) -> None:
    """Without the password the key cannot be read."""
    hub = lab["hub"]
    hub.run("openssl genrsa -out k.pem 1024; openssl rsa -in k.pem -aes256 -passout pass:geheim -out locked.pem")
    assert hub.run("head -n 1 locked.pem").stdout == "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    plain = hub.run("openssl rsa -in k.pem -noout -modulus").stdout
    assert hub.run("openssl rsa -in locked.pem -passin pass:geheim -noout -modulus").stdout == plain
    wrong = hub.run("openssl rsa -in locked.pem -passin pass:falsch -noout -modulus")
    assert (wrong.exit_code, wrong.stderr.splitlines()[0]) == (1, "Could not read private key from locked.pem")
    hub.run("openssl ecparam -name prime256v1 -genkey -noout -out e.pem; openssl ec -in e.pem -aes128 -passout pass:x -out e.enc")
    assert hub.run("sed -n 2p e.enc").stdout == "Proc-Type: 4,ENCRYPTED\n"
    assert hub.run("openssl ec -in e.enc -passin pass:x").stdout == hub.read("/root/e.pem")


@pytest.mark.parametrize(
    ("command", "stderr"),
    [
        ("openssl nosuch", "Invalid command 'nosuch'; type \"help\" for a list.\n"),
        ("openssl req -out", "req: Option -out needs a value\nreq: Use -help for summary.\n"),
        ("openssl x509 -foo", "x509: Unknown option or message digest: foo\nx509: Use -help for summary.\n"),
        ("openssl x509 -noout </dev/null", "Could not read certificate from <stdin>\nUnable to load certificate\n"),
    ],
)
def test_complaints(lab: Lab, command: str, stderr: str) -> None:
    """OpenSSL's own words."""
    done = lab["hub"].run(command)
    assert (done.stderr, done.exit_code) == (stderr, 1)


def test_a_look_at_a_mail_server(lab: Lab) -> None:
    """STARTTLS, then what was negotiated; with the end of the input the connection is cut."""
    done = lab["client"].run("openssl s_client -starttls smtp -connect hub.example.com:25 -brief </dev/null")
    assert done.stderr.splitlines() == [
        "CONNECTION ESTABLISHED", "Protocol version: TLSv1.3", "Ciphersuite: TLS_AES_256_GCM_SHA384", "Peer certificate: CN = vm", "Hash used: SHA256",
        "Signature type: RSA-PSS", "Verification: OK", "Server Temp Key: X25519, 253 bits", "250 CHUNKING", "DONE",
    ]  # fmt: skip
    lab.advance(1)
    assert "lost connection after STARTTLS from client.example.com[192.0.2.41]" in lab["hub"].read("/var/log/mail.log")
    assert (
        lab["client"].run("openssl s_client -starttls smtp -connect hub.example.com:25 </dev/null 2>/dev/null | openssl x509 -noout -subject").stdout
        == "subject=CN = vm\n"
    )


@pytest.mark.parametrize(
    ("words", "flags", "status", "end"),
    [("RCPT TO", "-crlf", 1, "wrong ssl version"), ("rcpt to", "-crlf", 0, ""), ("RCPT TO", "-crlf -quiet", 0, "")],
)
def test_the_trap_of_the_capital_r(lab: Lab, words: str, flags: str, status: int, end: str) -> None:
    """A line that begins with R asks for a renegotiation, unless -quiet is given."""
    lines = (
        f"sleep 1; echo 'ehlo x'; sleep 1; echo 'mail from:<a@example.org>'; sleep 1; echo '{words}:<anna@example.com>'; sleep 1; echo quit; sleep 1"
    )
    done = lab["client"].run(f"({lines}) | openssl s_client -starttls smtp -connect hub.example.com:25 {flags}")
    assert done.exit_code == status
    assert end in done.stderr
    assert ("250 2.1.5 Ok" in done.stdout) == (status == 0)


def test_no_tls_there(lab: Lab) -> None:
    """Plain text instead of a handshake, and nobody at all."""
    plain = lab["client"].run("openssl s_client -connect hub.example.com:25 -brief </dev/null")
    assert (plain.exit_code, plain.stderr.partition(":")[2]) == (
        1,
        "error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:350:\n",
    )
    assert lab["client"].run("openssl s_client -connect hub.example.com:26 </dev/null").stderr.endswith("connect:errno=111\n")
