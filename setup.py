"""The list of packages, found anew at each build; everything else about the distribution is in pyproject.toml.

setuptools' own discovery knows nothing of packages that lie in one folder and are installed under another name.
"""

from setuptools import find_packages, setup

MAPPED = ("passes", "tools")

inside = find_packages(include=["graphnn", "graphnn.*"])
mapped = [f"graphnn.{package}" for folder in MAPPED for package in find_packages(include=[folder, f"{folder}.*"])]

setup(packages=inside + mapped)
