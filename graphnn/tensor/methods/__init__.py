"""The methods of Tensor, a file a family; each normalises its arguments and applies ops."""

from graphnn.tensor.methods.comparing import ComparisonMethods
from graphnn.tensor.methods.conversions import ConversionMethods
from graphnn.tensor.methods.core import CoreMethods
from graphnn.tensor.methods.creating import CallMethods, NewMethods, PlaceMethods
from graphnn.tensor.methods.elementwise import BinaryMethods, ChoiceMethods, UnaryMethods
from graphnn.tensor.methods.gathering import GatherMethods
from graphnn.tensor.methods.index_writes import IndexWriteMethods
from graphnn.tensor.methods.indexing import IndexMethods
from graphnn.tensor.methods.inplace import InplaceMethods, MetadataMethods
from graphnn.tensor.methods.layout import LayoutMethods
from graphnn.tensor.methods.linear_algebra import MatrixMethods
from graphnn.tensor.methods.matrices import LinearAlgebraMethods
from graphnn.tensor.methods.movement import OrderMethods, PartMethods, ShapeMethods
from graphnn.tensor.methods.operators import OperatorMethods
from graphnn.tensor.methods.partition import CutMethods, PutBackMethods, TurnMethods
from graphnn.tensor.methods.protocols import ContainerMethods, CopyMethods, NumberMethods, TextMethods
from graphnn.tensor.methods.quantiles import QuantileMethods
from graphnn.tensor.methods.random import RandomMethods
from graphnn.tensor.methods.rare_functions import RareBinaryMethods, RareUnaryMethods
from graphnn.tensor.methods.rare_inplace import RareInplaceMethods, ShownInplaceMethods
from graphnn.tensor.methods.reductions import ExtremeMethods, SumMethods
from graphnn.tensor.methods.scans import ScanMethods
from graphnn.tensor.methods.selection import SelectionMethods
from graphnn.tensor.methods.sorting import SortMethods
from graphnn.tensor.methods.statistics import StatisticsMethods
from graphnn.tensor.methods.triangles import TriangleMethods


class TensorMethods(
    CoreMethods,
    OperatorMethods,
    UnaryMethods,
    BinaryMethods,
    ChoiceMethods,
    SumMethods,
    ExtremeMethods,
    ShapeMethods,
    OrderMethods,
    PartMethods,
    IndexMethods,
    GatherMethods,
    MatrixMethods,
    TriangleMethods,
    InplaceMethods,
    RandomMethods,
    MetadataMethods,
    ConversionMethods,
    LayoutMethods,
    NumberMethods,
    ContainerMethods,
    TextMethods,
    CopyMethods,
    RareUnaryMethods,
    RareBinaryMethods,
    StatisticsMethods,
    ScanMethods,
    SortMethods,
    SelectionMethods,
    QuantileMethods,
    IndexWriteMethods,
    ComparisonMethods,
    CutMethods,
    PutBackMethods,
    TurnMethods,
    NewMethods,
    PlaceMethods,
    CallMethods,
    LinearAlgebraMethods,
    RareInplaceMethods,
    ShownInplaceMethods,
):
    """All of them."""
