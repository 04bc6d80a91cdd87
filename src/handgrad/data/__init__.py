"""Data sets: named ones, and ones read from files of several formats.

Reading data imports a lot; code that only names a data set need not wait for that.
"""

from typing import TYPE_CHECKING

from handgrad.lazy import on_demand as _on_demand

_HOMES = {
    "DataEntry": "handgrad.data.catalog",
    "DataSettings": "handgrad.data.settings",
    "Dataset": "handgrad.data.dataset",
    "HeldOut": "handgrad.data.splits",
    "Scaling": "handgrad.data.dataset",
    "convert": "handgrad.data.conversion",
    "describe": "handgrad.data.conversion",
    "fetch": "handgrad.data.catalog",
    "list_data": "handgrad.data.catalog",
    "load_data": "handgrad.data.catalog",
    "load_sets": "handgrad.data.sets",
    "read_image": "handgrad.data.pictures.images",
    "read_part": "handgrad.data.sets",
    "read_rows": "handgrad.data.arrays.npy",
    "stratified_split": "handgrad.data.splits",
}

__all__ = [
    "DataEntry",
    "DataSettings",
    "Dataset",
    "HeldOut",
    "Scaling",
    "convert",
    "describe",
    "fetch",
    "list_data",
    "load_data",
    "load_sets",
    "read_image",
    "read_part",
    "read_rows",
    "stratified_split",
]

if TYPE_CHECKING:
    from handgrad.data.arrays.npy import read_rows
    from handgrad.data.catalog import DataEntry, fetch, list_data, load_data
    from handgrad.data.conversion import convert, describe
    from handgrad.data.dataset import Dataset, Scaling
    from handgrad.data.pictures.images import read_image
    from handgrad.data.sets import load_sets, read_part
    from handgrad.data.settings import DataSettings
    from handgrad.data.splits import HeldOut, stratified_split

__getattr__, __dir__ = _on_demand(__name__, _HOMES)
