"""`python -m graphnn.tools.cli`."""

import sys

from graphnn.tools.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
