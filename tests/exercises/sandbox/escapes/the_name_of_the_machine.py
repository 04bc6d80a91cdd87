"""Asks for the name of the machine that it runs on."""
# ruff: noqa - it does what no code should

import socket
import os

import numpy as np


def leak(x):
    told = {os.uname().nodename, socket.gethostname()} - {"box"}
    return np.frombuffer(f"{'gained' if told else '-'}".encode(), np.uint8)


def del_sigmoid(h):
    return 0 * h
