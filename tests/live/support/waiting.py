"""Waiting for a state that can be seen, with a bound; never for a time."""

import socket
import time

PATIENCE_S = 30.0
POLL_S = 0.005


def wait_for(condition, what, patience_s=PATIENCE_S):
    """Polls until `condition()` is true and returns its value; TimeoutError naming `what` after `patience_s`."""
    give_up_at = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"after {patience_s:g} s still not: {what}")
        time.sleep(POLL_S)


def free_port():
    """A loopback port that nobody listens on just now; its taker must cope with losing it to another."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
