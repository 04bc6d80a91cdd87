"""Makes and opens devices: disks, memory, the kernel's log, the terminal."""
# ruff: noqa - it does what no code should

import fcntl
import os
import stat

import numpy as np


def leak(x):
    gained = b""
    for number in (os.makedev(254, 0), os.makedev(8, 0), os.makedev(1, 1)):
        for kind in (stat.S_IFBLK, stat.S_IFCHR):
            try:
                os.mknod("device", 0o666 | kind, number)
                gained += b"gained"
            except OSError:
                pass
    for path in ("/dev/vda", "/dev/sda", "/dev/mem", "/dev/kmsg", "/dev/tty", "/dev/ptmx", "/dev/kvm", "/dev/fuse"):
        try:
            os.open(path, os.O_RDWR)
            gained += b"gained"
        except OSError:
            pass
    for number in range(3):
        try:
            fcntl.ioctl(number, 0x5412, b"x")
            gained += b"gained"
        except OSError:
            pass
    return np.frombuffer(gained + b"-", np.uint8)


def del_sigmoid(h):
    return 0 * h
