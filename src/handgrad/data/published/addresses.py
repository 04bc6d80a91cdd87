"""The published data sets of four IDX files: where they are, and by which digests they are recognised."""

from __future__ import annotations

from dataclasses import dataclass

from handgrad.data.arrays.idx import FILES
from handgrad.data.published.download import PublishedFile

TEN = tuple(map(str, range(10)))


@dataclass(frozen=True)
class PublishedSet:
    """A published data set of four IDX files.

    Attributes
    ----------
    description : str
    class_names : tuple of str
    mirrors : tuple of str
        URLs to which a file's name is appended, in the order in which they are tried.
    files : tuple of PublishedFile
        In the order of ``idx.FILES``.
    """

    description: str
    class_names: tuple[str, ...]
    mirrors: tuple[str, ...]
    files: tuple[PublishedFile, ...]


def _published(algorithm: str, *digests: str) -> tuple[PublishedFile, ...]:
    """Pair the four file names with their digests."""
    return tuple(PublishedFile(f"{name}.gz", algorithm, digest) for name, digest in zip(FILES, digests, strict=True))


PUBLISHED: dict[str, PublishedSet] = {
    "mnist": PublishedSet(
        "70,000 handwritten digits of 28x28 (LeCun, Cortes and Burges)",
        TEN,
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
        _published(
            "sha256",  # of the decompressed bytes, because mirrors compress differently
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    "fashion-mnist": PublishedSet(
        "70,000 pictures of clothes of 28x28 (Xiao, Rasul and Vollgraf)",
        ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
        (
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        _published(
            "md5",  # of the gzip file, as its authors publish it
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
    "kmnist": PublishedSet(
        "70,000 cursive Japanese letters of 28x28 (Clanuwat et al.)",
        ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        _published(
            "md5",
            "bdb82020997e1d708af4cf47b453dcf7",
            "e144d726b3acfaa3e44228e80efcd344",
            "5c965bf0a639b31b8f53240b1b52f4d7",
            "7320c461ea6c1c855c0b718fb2a4b134",
        ),
    ),
}
