import inspect
import pickle

import pytest

from graphnn import errors
from graphnn.errors import GraphnnError, ParseError

BUILTIN_BASES = {
    "ArgumentError": (ValueError, RuntimeError),
    "ArgumentTypeError": (TypeError,),
    "AssertedError": (AssertionError, ValueError, RuntimeError),
    "AutogradError": (RuntimeError,),
    "BackendError": (RuntimeError,),
    "DTypeError": (TypeError, RuntimeError),
    "DataLoaderError": (RuntimeError,),
    "DivisionByZero": (ZeroDivisionError, RuntimeError),
    "FileError": (OSError, RuntimeError),
    "FileFormatError": (OSError, ValueError),
    "GraphnnError": (Exception,),
    "IndexOutOfRange": (IndexError,),
    "LinAlgError": (ValueError, RuntimeError),
    "MissingFileError": (FileNotFoundError,),
    "MissingRateError": (KeyError, ValueError),
    "ParseError": (ValueError,),
    "PassError": (RuntimeError,),
    "PlanError": (RuntimeError,),
    "RegistrationError": (TypeError, KeyError, AttributeError),
    "ShapeError": (ValueError, RuntimeError),
    "StateDictError": (RuntimeError,),
    "TraceError": (RuntimeError,),
    "UnsupportedError": (NotImplementedError,),
    "UnsupportedDTypeError": (TypeError, NotImplementedError),
    "VerifyError": (ValueError,),
}
CLASSES = {name: cls for name, cls in vars(errors).items() if inspect.isclass(cls)}


def test_the_table_of_builtin_bases_names_every_error():
    assert sorted(CLASSES) == sorted(BUILTIN_BASES)


@pytest.mark.parametrize("name", BUILTIN_BASES)
def test_every_error_is_caught_as_graphnns_and_as_the_builtin_one(name):
    assert issubclass(CLASSES[name], (GraphnnError, *BUILTIN_BASES[name]))
    for builtin in BUILTIN_BASES[name]:
        assert issubclass(CLASSES[name], builtin)


@pytest.mark.parametrize("name", BUILTIN_BASES)
def test_every_error_says_in_one_line_what_it_is_for(name):
    assert "\n" not in inspect.cleandoc(CLASSES[name].__doc__).split("\n\n")[0]


def test_a_parse_error_shows_its_line_with_a_caret_under_the_column():
    error = ParseError("unknown op 'rleu'", line=3, column=16, source_line="  %0: f32[8] = rleu(%x)")
    assert str(error) == (
        "line 3, column 16: unknown op 'rleu'\n"
        "    %0: f32[8] = rleu(%x)\n"
        "                 ^"
    )  # fmt: skip


def test_a_parse_error_keeps_tabs_so_that_the_caret_stays_under_its_column():
    error = ParseError("no", line=1, column=3, source_line="\ta?")
    assert str(error).splitlines()[1:] == ["  \ta?", "  \t ^"]


def test_a_parse_error_survives_pickling():
    error = ParseError("no", line=1, column=2, source_line="ab")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.line, copy.column, copy.source_line) == (str(error), 1, 2, "ab")
