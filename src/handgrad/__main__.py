"""Let ``python -m handgrad`` do what the command ``handgrad`` does."""

import sys

from handgrad.cli import main

if __name__ == "__main__":
    sys.exit(main())
