"""One HTML file that shows a network's graph, what each pass did, its memory and its time; opened from disk, offline.

`collect.py` gathers the facts, `page.py` puts them into the page, and `page/` holds the page itself: HTML, CSS and the
scripts, one a view, joined in the order in which `page.py` names them.
"""

from graphnn.tools.report.collect import collect as collect
from graphnn.tools.report.page import render as render
