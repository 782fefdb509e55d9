"""Free ports on the loopback interface."""

import socket

LOOPBACK = "127.0.0.1"
ATTEMPTS_MAX = 200


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port(neighbours=()):
    """A free port, for which port + n is free too for each n of `neighbours`.

    RocketMQ's broker also takes listenPort - 2 and listenPort + 1. Another program may take the port
    before it is used; whoever starts the server then sees it fail and can ask again.
    """
    for _ in range(ATTEMPTS_MAX):
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = probe.getsockname()[1]
        if 1024 < port < 65000 and all(_is_free(port + n) for n in neighbours):
            return port
    raise OSError("no free port found")


def accepts(port):
    """Whether somebody listens on `port`."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0
