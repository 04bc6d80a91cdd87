"""Data sets: named ones, and ones read from files of several formats."""

from handgrad.data.arrays.npy import read_rows
from handgrad.data.catalog import DataEntry, fetch, list_data, load_data
from handgrad.data.convert import convert, describe
from handgrad.data.dataset import Dataset, Scaling
from handgrad.data.pictures.images import read_image
from handgrad.data.sets import load_sets, read_part
from handgrad.data.settings import DataSettings
from handgrad.data.splits import HeldOut, stratified_split

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
