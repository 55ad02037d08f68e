"""Runs a command on a machine without a network: in a namespace that has its own loopback device and nothing else.

    python tests/offline.py COMMAND [ARGUMENT ...]

Needs root, or a kernel that lets everybody make namespaces. Exits with the command's code, or with 3 and the reason.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

CLONE_NEWUSER, CLONE_NEWNET = 0x1000_0000, 0x4000_0000
SIOCSIFFLAGS, UP_AND_RUNNING = 0x8914, 0x41


def leave_the_network() -> None:
    """For this process and its children: no device but loopback. Raises OSError where that isn't allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWNET if uid == 0 else CLONE_NEWUSER | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    if uid:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP_AND_RUNNING))


if __name__ == "__main__":
    try:
        leave_the_network()
    except OSError as error:
        print(
            f"no namespace without a network: {error}\n  -> run it as root, or allow user namespaces", file=sys.stderr
        )
        sys.exit(3)
    os.execvp(sys.argv[1], sys.argv[1:])
