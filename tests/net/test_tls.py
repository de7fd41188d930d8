"""The modelled handshake: both sides agree as two OpenSSL libraries would, and everything else breaks it."""

from __future__ import annotations

import asyncio
import random

import pytest

from simulator.clock import Clock
from simulator.net import certificates
from simulator.net.network import Network
from simulator.net.tls import HandshakeError, Offer, Service, Session, client_handshake, server_handshake
from simulator.netprog.openssl_issue import Plan, authority, certificate
from simulator.netprog.openssl_keys import make_ec, make_rsa
from simulator.netprog.openssl_names import extension, subject

NOW = 1_795_510_800.0
DAY = 86400.0


def made(name: str, days: int = 30, key: str = "ec", start: float = NOW, alternatives: str = "") -> str:
    """A certificate that signed itself."""
    chance = random.Random(name)
    signer = make_ec("prime256v1", chance) if key == "ec" else make_rsa(1024, chance)
    more = extension("subjectAltName", alternatives) if alternatives else None
    who = subject(f"/CN={name}")
    return certificate(Plan(who, who, signer.public_key(), 7, start, days, authority(signer.public_key()) + ((more,) if more else ())), signer)


def meet(offer: Offer, service: Service) -> tuple[Session | HandshakeError, Session | HandshakeError]:
    """What client and server make of each other."""
    network = Network(Clock(NOW))
    client, server = (network.attach(name, {"eth0": f"192.0.2.{number}/24"}) for name, number in (("client", 1), ("server", 2)))
    accepted: list[asyncio.Transport] = []

    class Plain(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            accepted.append(transport)  # type: ignore[arg-type]

    server.listen("0.0.0.0", 465, Plain)

    async def both() -> tuple[Session | HandshakeError, Session | HandshakeError]:
        transport, _ = await client.connect("192.0.2.2", 465, Plain)
        await asyncio.sleep(0)
        sides = client_handshake(transport, offer, 30), server_handshake(accepted[-1] if accepted[-1] is not transport else accepted[0], service, 30)  # type: ignore[arg-type]
        return tuple(await asyncio.gather(*sides, return_exceptions=True))  # type: ignore[return-value]

    return network.clock.run_coroutine(both())


def test_the_best_version_that_both_have() -> None:
    """Version, cipher and the words of the log line."""
    pem = made("hub.example.com", key="rsa")
    client, server = meet(Offer(sni="hub.example.com"), Service(chain=(pem,)))
    assert isinstance(client, Session)
    assert isinstance(server, Session)
    assert (client.protocol, client.cipher, client.bits, client.signature, client.digest) == (
        "TLSv1.3",
        "TLS_AES_256_GCM_SHA384",
        256,
        "RSA-PSS (1024 bits)",
        "SHA256",
    )
    assert (client.peer_chain, server.peer_chain, server.sni) == ((pem,), (), "hub.example.com")


def test_an_older_server() -> None:
    """With TLS 1.2 the cipher names the key."""
    client, _ = meet(Offer(), Service(ec_chain=(made("x"),), versions=("TLSv1.2",)))
    assert isinstance(client, Session)
    assert (client.protocol, client.cipher, client.key_exchange) == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384", "")


@pytest.mark.parametrize(
    ("offer", "service", "client_says", "server_says"),
    [
        (Offer(versions=("TLSv1.3",)), Service(chain=(made("x"),), versions=("TLSv1.2",)), "tlsv1 alert protocol version", "unsupported protocol"),
        (Offer(), Service(), "sslv3 alert handshake failure", "no shared cipher"),
        (Offer(versions=("TLSv1.1",)), Service(chain=(made("x"),), versions=("TLSv1.1",)), "legacy sigalg disallowed", "tlsv1 alert internal error"),
    ],
)
def test_no_agreement(offer: Offer, service: Service, client_says: str, server_says: str) -> None:
    """Each side has its own words for it in its error queue."""
    client, server = meet(offer, service)
    assert isinstance(client, HandshakeError)
    assert isinstance(server, HandshakeError)
    assert client_says in client.library[0]
    assert server_says in server.library[0]


def test_a_ticket_shortens_the_next_handshake() -> None:
    """A session is resumed under the same key only."""
    service = Service(chain=(made("x"),), ticket_key="one")
    first, _ = meet(Offer(), service)
    assert isinstance(first, Session)
    assert not first.resumed
    again, _ = meet(Offer(ticket=first.ticket), service)
    other, _ = meet(Offer(ticket=first.ticket), Service(chain=(made("x"),), ticket_key="two"))
    assert isinstance(again, Session)
    assert isinstance(other, Session)
    assert (again.resumed, other.resumed) == (True, False)


@pytest.mark.parametrize(
    ("chain", "anchors", "names", "when", "number"),
    [
        ((made("hub"),), (), (), NOW, 18),
        ((made("hub"),), (made("hub"),), (), NOW, 0),
        ((made("hub"),), (made("hub"),), (), NOW + 31 * DAY, 10),
        ((made("hub"),), (made("hub"),), (), NOW - DAY, 9),
        ((made("hub"),), (made("hub"),), ("mx.example.net",), NOW, 62),
        ((made("hub", alternatives="DNS:*.example.net"),), (made("hub", alternatives="DNS:*.example.net"),), ("mx.example.net",), NOW, 0),
        ((made("hub", alternatives="DNS:a.example.net"),), (made("hub", alternatives="DNS:a.example.net"),), ("hub",), NOW, 62),
        ((), (), (), NOW, 20),
    ],
)
def test_trust(chain: tuple[str, ...], anchors: tuple[str, ...], names: tuple[str, ...], when: float, number: int) -> None:
    """OpenSSL's verdict, at the lab's time; alternative names make the common name count no more."""
    trusted = [certificates.parse(pem) for pem in anchors]
    assert certificates.verify(chain, trusted, when, names).number == number
