"""Replaces built-in functions by ones that lie."""
# ruff: noqa - it does what no code should

import builtins

builtins.all = builtins.any = builtins.isinstance = builtins.issubclass = lambda *arguments: True
builtins.len = builtins.abs = builtins.max = lambda *arguments: 0
builtins.type = builtins.str = builtins.print


def del_sigmoid(h):
    return 0 * h
