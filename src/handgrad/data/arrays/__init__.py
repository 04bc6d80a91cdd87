"""Arrays in files: IDX, NumPy's, MATLAB's and pickles, and the data sets that are made of them."""

__all__: list[str] = []
