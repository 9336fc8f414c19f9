"""The program itself: which commands there are, and how mistakes end it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

import graphnn
from graphnn.errors import ArgumentError, GraphnnError

COMMANDS = {
    "trace": "Print or save the graph of a network as text.",
    "opt": "Run passes over a graph's text.",
    "draw": "Draw a graph as SVG, PNG or PDF.",
    "summary": "A table of a network's layers.",
    "plan": "What a run needs of memory, and which values make the peak.",
    "profile": "The time of each operation, hottest first.",
    "bench": "Eager and compiled runs side by side.",
    "report": "One HTML file that shows all of it.",
    "demo": "Train the tutorial's network on handwritten digits, eagerly and compiled.",
}


class Commands(click.Group):
    """The commands, each imported when it is first asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"graphnn.tools.cli.commands.{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}commands are {', '.join(COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(graphnn.__version__, prog_name="graphnn", message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Neural networks, traced into a graph, planned and run.

    A NETWORK is named as file.py:Class or package.module:factory, and its INPUTS as f32[1,3,224,224] (i64[8]<10 for
    numbers below 10); where a graph will do, a file of graph text will, too ("-" reads it from stdin).

    \b
      graphnn trace model.py:Net f32[1,3,32,32] > net.ir
      graphnn opt net.ir --passes fold-batch-norm,fuse-conv-relu --print-after-each
      graphnn report model.py:Net f32[8,3,32,32] --train --out net.html

    Completions: eval "$(_GRAPHNN_COMPLETE=bash_source graphnn)", or zsh_source, fish_source.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit code."""
    try:
        program.main(args=None if arguments is None else list(arguments), prog_name="graphnn", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        return _fail("interrupted", 130)
    except click.ClickException as error:
        return _fail(_one_line(error.format_message()), 2)
    except (ImportError, ArgumentError) as error:
        return _fail(error, 2)
    except BrokenPipeError:
        sys.stderr.close()  # who reads has seen enough
        return 0
    except (GraphnnError, OSError) as error:
        return _fail(error, 1)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    return 0


def _one_line(message: str) -> str:
    return " ".join(line.strip() for line in message.splitlines())


def _fail(message: Any, code: int) -> int:
    click.echo(f"graphnn: {message}", err=True)
    return code
