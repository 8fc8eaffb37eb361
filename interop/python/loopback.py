"""Names under `localhost` are this machine (RFC 6761, 6.3): browsers know that, the system's resolver often doesn't.

Every other name is refused, so that an exercise that would reach out fails here, and can't pass by accident.
"""

import socket

_getaddrinfo = socket.getaddrinfo


def _loopback(host, port, *rest, **options):
    name = host.decode() if isinstance(host, bytes) else host
    if name != "localhost" and not name.endswith(".localhost") and not name.startswith("127."):
        raise socket.gaierror(socket.EAI_NONAME, f"{name} is not this machine, and an exercise reaches nothing else")
    return _getaddrinfo("127.0.0.1", port, *rest, **options)


def answer_here():
    """From now on."""
    socket.getaddrinfo = _loopback
