"""The same mathematics as ``network/mlp.py``, compiled by numba: nothing but speed is here.

Read ``step.py`` first, then ``phases.py`` and ``layers.py``; ``context.py`` lists all arrays with their shapes.

Who owns what
-------------
A network of sizes d, u, v, k on two threads (the last layer is small, so its rows are shared instead of its units)::

    H[0], n x d         H[1], n x u         H[2], n x v         logits and D[3], n x k
    +-------------+     +------+------+     +------+------+     +-----------+
    |  thread 0   |     |      |      |     |      |      |     |  thread 0 |
    +-------------+     |  0   |  1   |     |  1   |  0   |     +-----------+
    |  thread 1   |     |      |      |     |      |      |     |  thread 1 |
    +-------------+     +------+------+     +------+------+     +-----------+
                   W[0], d x u         W[1], u x v         W[2], v x k
                   +------+------+     +------+------+     +----------+
                   |  0   |  1   |     |  1   |  0   |     |    0     |
                   |      |      |     |      |      |     +----------+
                   |      |      |     |      |      |     |    1     |
                   +------+------+     +------+------+     +----------+

The owner of a unit alone computes its column of H (3.4) and of D (4.26) for the whole batch, and alone changes the
weights into it (4.27) and its bias (4.28). So a weight stays in the cache of the core that uses it, and no gradient is
summed over threads. The other sums (loss, norm, penalty) are kept by row or by unit and added up in that order.
Therefore any number of threads gives the same bits. During a span, what a thread owns of W[0] and of the optimizer's
slots is contiguous, which avoids false sharing caused by the prefetcher; (4.26) needs whole rows of the other W.

Where the threads wait
----------------------
One step; ``|`` is a barrier, and between ``(`` and ``)`` a thread has arrived at one and works on before it waits::

    gather | forward 1 | forward 2 | ... logits, loss, D[L - 1] | D[L - 2] | ... D[1] ( update W[0] )
    ( update the other W ) next step

``gather`` brings the batch into H[0], or lists its non-zero entries. W[0] needs only its owner's part of D[1], and the
next batch may be gathered as soon as all have updated W[0]. A gradient that is clipped waits once more, for its norm.

After an edit, remove ``__pycache__`` here or set ``NUMBA_CACHE_DIR``: numba recompiles a cached function only if its
own file has changed, not those of the functions that it calls.
"""

__all__: list[str] = []
