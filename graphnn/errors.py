"""The one hierarchy of errors: what the caller did wrong is a `GraphnnError`, what graphnn did wrong is an assertion.

Each error is also the built-in exception that a Python or PyTorch user would catch: a wrong shape is a `ValueError`,
and a `RuntimeError` because PyTorch raises that. Messages say what, where, got, wanted and the way out.
"""


class GraphnnError(Exception):
    """The root: catches everything that graphnn raises on purpose. `place` says where, once known."""

    place = ""

    def __str__(self) -> str:
        text = Exception.__str__(self)  # KeyError's would quote the message
        return f"{text} ({self.place})" if self.place else text


class ShapeError(GraphnnError, ValueError, RuntimeError):
    """Shapes that an operation cannot take, or that do not fit each other."""


class DTypeError(GraphnnError, TypeError, RuntimeError):
    """A dtype that an operation cannot take, or that has no safe conversion."""


class UnsupportedDTypeError(DTypeError, NotImplementedError):
    """A dtype that an operation is not defined for."""


class ArgumentError(GraphnnError, ValueError, RuntimeError):
    """An argument whose value is out of its range, or that contradicts another."""


class DivisionByZero(GraphnnError, ZeroDivisionError, RuntimeError):
    """An integer that is divided by zero."""


class LinAlgError(ArgumentError):
    """A matrix that has no inverse, or no such factorization."""


class AssertedError(GraphnnError, AssertionError, ValueError, RuntimeError):
    """Arguments that contradict each other where PyTorch's own code asserts that they don't."""


class ArgumentTypeError(GraphnnError, TypeError):
    """An argument of a type that is not served there."""


class RegistrationError(GraphnnError, TypeError, KeyError, AttributeError):
    """What a module cannot register: a name that is taken or not a name, a value of the wrong type, or too early."""


class MissingRateError(GraphnnError, KeyError, ValueError):
    """A group of an optimizer that lacks the learning rate a scheduler should go on from."""


class IndexOutOfRange(GraphnnError, IndexError):
    """An index or a dimension that lies outside of the tensor."""


class UnsupportedError(GraphnnError, NotImplementedError):
    """A request that is meaningful, and that graphnn does not serve."""


class TraceError(GraphnnError, RuntimeError):
    """Code that a trace cannot follow; names the user's line and the way out."""


class AutogradError(GraphnnError, RuntimeError):
    """A backward that cannot be computed: no graph, a freed one, a changed value, a missing gradient."""


class StateDictError(GraphnnError, RuntimeError):
    """A state_dict that does not fit its module; names every missing and unexpected key and every shape."""


class FileError(GraphnnError, OSError, RuntimeError):
    """A file that cannot be read or written; names its path."""


class MissingFileError(FileError, FileNotFoundError):
    """A file or folder that is not there; names the path, and where the file can be had."""


class FileFormatError(FileError, ValueError):
    """A file whose contents are not what they should be: truncated, of another format, or made to do harm."""


class DataLoaderError(GraphnnError, RuntimeError):
    """A data loader whose workers do not deliver."""


class VerifyError(GraphnnError, ValueError):
    """A graph that breaks a rule of the IR: order, uses, names or types."""


class ParseError(GraphnnError, ValueError):
    """IR text that does not parse; shows the line with a caret.

    `line` and `column` count from 1, `source_line` is the line's text; all are also attributes of the exception.
    """

    def __init__(self, message: str, *, line: int, column: int, source_line: str) -> None:
        super().__init__(message, line, column, source_line)
        self.message = message
        self.line = line
        self.column = column
        self.source_line = source_line

    def __str__(self) -> str:
        before = self.source_line[: self.column - 1]
        padding = "".join(char if char == "\t" else " " for char in before)
        return f"line {self.line}, column {self.column}: {self.message}\n  {self.source_line}\n  {padding}^"

    def __reduce__(self) -> tuple[object, ...]:
        return _parse_error, (self.message, self.line, self.column, self.source_line)


class PassError(GraphnnError, RuntimeError):
    """A pass that failed, or that returned an invalid graph; names the pass."""


class PlanError(GraphnnError, RuntimeError):
    """A plan that cannot be made within its limits, or that the validator refuses."""


class BackendError(GraphnnError, RuntimeError):
    """A backend that is not there, or that cannot run what it was given."""


def _parse_error(message: str, line: int, column: int, source_line: str) -> ParseError:
    return ParseError(message, line=line, column=column, source_line=source_line)
