"""Who the client is: its address, and the name that leads back to this address. postconf(5) smtpd_peername_lookup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.net.resolver import AGAIN
from simulator.postfix.lib.hostname import valid_address, valid_hostname
from simulator.postfix.lib.mailhost import rfc_address
from simulator.postfix.smtpd_state import Peer, PeerStatus

if TYPE_CHECKING:
    from simulator.postfix.smtpd import Smtpd

LOOPBACK = "127.0.0.1"


def stand_alone_peer() -> Peer:
    """The user of `sendmail -bs`."""
    return Peer("localhost", "localhost", LOOPBACK, LOOPBACK, "0", name_status=PeerStatus.OK, reverse_status=PeerStatus.OK)


async def find_peer(smtpd: Smtpd, client: tuple[str, int], server: tuple[str, int]) -> Peer:
    """The client of a connection. Lookups take their time; a name that does not lead back is worth a warning."""
    address = client[0]
    peer = Peer(address=address, rfc_address=rfc_address(address), port=str(client[1]), server_address=server[0], server_port=str(server[1]))
    if smtpd.settings.peername_lookup:
        await _find_name(smtpd, peer)
    return peer


async def _find_name(smtpd: Smtpd, peer: Peer) -> None:
    found = await smtpd.dns.name_of(peer.address)
    name = found.name
    if found.error or valid_address(name) or not valid_hostname(name):
        peer.name_status = peer.reverse_status = _status(found.error, PeerStatus.PERMANENT)
        return
    peer.reverse_name, peer.reverse_status = name, PeerStatus.OK
    back = await smtpd.dns.addresses(name, 6 if ":" in peer.address else 4)
    if not back.error and peer.address in back.addresses:
        peer.name, peer.name_status = name, PeerStatus.OK
        return
    smtpd.log.warning(f"hostname {name} does not resolve to address {peer.address}" + (f": {back.error}" if back.error else ""))
    peer.name_status = _status(back.error, PeerStatus.FORGED)


def _status(error: str, otherwise: PeerStatus) -> PeerStatus:
    return PeerStatus.TEMPORARY if error == AGAIN else otherwise
