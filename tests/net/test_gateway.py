"""Real programs at the loopback door."""

from __future__ import annotations

import smtplib
import threading

from simulator import open_lab
from simulator.net.gateway import Door


def test_a_real_client_sends_mail() -> None:
    """smtplib of this computer delivers to a mailbox of the lab."""
    lab = open_lab("three")
    door = Door(lab.network, "hub", 25, client="client")
    replies: list[object] = []

    def visit() -> None:
        with smtplib.SMTP("127.0.0.1", door.port, timeout=10) as server:
            replies.append(server.sendmail("dora@example.net", ["anna@example.com"], "Subject: from outside\n\nhello\n"))
        done.set()

    done = threading.Event()
    visitor = threading.Thread(target=visit)
    visitor.start()
    while not done.is_set() and visitor.is_alive():
        door.serve(0.1)
    visitor.join()
    door.serve(0.2)
    door.close()
    lab.settle()
    assert replies == [{}]
    assert "Received: from " in lab["hub"].read("/var/mail/anna")
    assert "connect from client.example.com[192.0.2.41]" in lab["hub"].read("/var/log/mail.log")


def test_nobody_listens_behind_the_door() -> None:
    """The visitor is sent away, and the lab can be used on."""
    lab = open_lab("three", started=False)
    door = Door(lab.network, "hub", 25)
    answers: list[bytes] = []

    def visit() -> None:
        import socket

        with socket.create_connection(("127.0.0.1", door.port), timeout=10) as connection:
            answers.append(connection.recv(100))

    visitor = threading.Thread(target=visit)
    visitor.start()
    while visitor.is_alive():
        door.serve(0.1)
    door.close()
    assert answers == [b""]
    assert lab["hub"].run("hostname -s").stdout == "hub\n"
