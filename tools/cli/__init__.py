"""The program `graphnn`. Output goes to stdout, errors and progress to stderr.

Exit codes: 0 done, 1 an error on the way, 2 wrong arguments or something missing that has to be installed, 130 interrupted.
Each command is a file in `commands/`, imported when it is run.
"""

from graphnn.tools.cli.main import main as main
