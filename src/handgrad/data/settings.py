"""Which data to train on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataSettings:
    """Which data to train on.

    Parameters
    ----------
    data : str, default "digits"
        The name of a data set (digits, mnist, fashion-mnist, kmnist), a folder of IDX files, or a .npz, .npy, .csv or
        .parquet file.
    """

    data: str = "digits"
