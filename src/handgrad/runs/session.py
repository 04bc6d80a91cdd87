"""A training under way: every record of it is kept, and now and then a checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Timer
from time import perf_counter

from handgrad.errors import DivergenceError
from handgrad.runs.attempts import Attempts
from handgrad.runs.best import Best, lowest
from handgrad.runs.checkpoint import CHECKPOINT_FILE, Checkpoint, read_checkpoint, write_checkpoint
from handgrad.runs.folder import HISTORY_FILE
from handgrad.runs.history import History
from handgrad.runs.interrupts import Requests
from handgrad.runs.job import Job
from handgrad.training.loop import Record, train_in_spans

MOST = 0.02  # share of the time that the checkpoints at the ends of epochs may take
HALVINGS = 5  # of the learning rate, at most

Tell = Callable[[str], None]


@dataclass
class Session:
    """What a training needs beside its job.

    Parameters
    ----------
    job : Job
        Its state changes in place.
    run : path
    history : History
    tell : callable
    halvings : int
        How often the learning rate has been halved.
    best : Best or None
        The best weights so far, if the training may stop early.
    """

    job: Job
    run: Path
    history: History
    tell: Tell
    halvings: int = 0
    best: Best | None = None
    attempts: Attempts = field(init=False)
    requests: Requests = field(default_factory=Requests)
    turns: list[Record] = field(default_factory=list)  # of the halvings since the last checkpoint

    def __post_init__(self) -> None:
        self.attempts = Attempts(self.tell)

    @property
    def rate(self) -> float:
        """The learning rate in use: what the halvings have left of it."""
        return self.job.rate_after(self.halvings)

    def best_after(self, evaluation: Record) -> Best | None:
        """Return the best weights once those of now have been evaluated; None if the training may not stop early."""
        job = self.job
        if job.config.run.patience is None:
            return None
        return lowest(self.best, evaluation, job.state.parameters.vector, job.config.run.patience)

    def records(self) -> Iterator[Record]:
        """Train, and yield the records. A request to stop ends it, and so does an evaluation that exhausts patience.

        Raises
        ------
        DivergenceError
            If the training diverges, and the learning rate is not to be halved, or has been halved often enough.
        """
        job = self.job
        while True:
            rate = self.rate
            settings = replace(job.config.training, learning_rate=rate)
            spans = train_in_spans(
                job.network, job.state, job.examples, job.others, settings=settings, engine=job.engine
            )
            if job.engine.name == "compiled":
                spans = _patiently(spans, self.tell)
            try:
                yield from self._kept(spans)
                return
            except DivergenceError as error:
                if job.config.run.on_divergence == "stop" or self.halvings == HALVINGS:
                    raise
                self.tell(f"{error.found}: going back, with the learning rate {rate / 2:g} instead of {rate:g}")
                yield self._turn_back(rate / 2)

    def save(self) -> None:
        """Write a checkpoint."""
        self.history.write(sync=True)
        job, length = self.job, self.history.length
        write_checkpoint(self.run, Checkpoint(job.model, job.state, length, job.origin, self.halvings, self.best))
        self.turns.clear()

    def _kept(self, spans: Iterator[Record | None]) -> Iterator[Record]:
        """Pass records on, and write what is to be kept."""
        state, interval = self.job.state, self.job.config.run.checkpoint_seconds
        saved, cost = perf_counter(), 0.0
        for record in spans:
            self.requests.patient = True  # before, code may still be being compiled, which takes long
            if record is not None:
                if record.kind == "evaluation":
                    self.best = self.best_after(record)
                early = self.best is not None and not self.best.left and state.step < self.job.steps
                if early:  # before the record is written: as at the end, one that continues evaluates again
                    self.attempts(CHECKPOINT_FILE, self.save)
                yield self._written(record)
                if early:
                    return
                continue
            now, at_end = perf_counter(), state.position == 0
            if self.job.config.run.on_divergence == "halve":  # it may return there, so time must not decide
                due = at_end
            else:
                due = 0 < interval <= now - saved or (at_end and MOST * (now - saved) >= cost)
            if due or self.requests.arrived or state.step == self.job.steps:
                self.attempts(CHECKPOINT_FILE, self.save)
                saved = perf_counter()
                cost = saved - now
            if self.requests.arrived:
                return

    def _written(self, record: Record) -> Record:
        """Add a record to the history."""
        self.history.add(record)
        self.attempts(HISTORY_FILE, self.history.write)
        return record

    def _turn_back(self, rate: float) -> Record:
        """Return to the last checkpoint, or to the beginning, and record that the learning rate is another."""
        checkpoint = read_checkpoint(self.run, self.tell)
        state = self.job.state
        state.become(self.job.fresh() if checkpoint is None else checkpoint.state)
        self.history.cut_to(0 if checkpoint is None else checkpoint.history)
        self.best = None if checkpoint is None else checkpoint.best
        self.halvings += 1
        self.turns.append(Record("divergence", state.epoch, state.step, rate, state.seconds))
        for turn in self.turns[:-1]:  # which were cut as well
            self.history.add(turn)
        return self._written(self.turns[-1])


def _patiently(records: Iterator[Record | None], tell: Tell) -> Iterator[Record | None]:
    """Pass records on; if the first one takes long, because code is compiled, tell the user why."""
    from handgrad.training.engines.compiled import keeps_code  # loads numba

    often = "only once" if keeps_code() else "each time: there is no writable folder to keep it in (NUMBA_CACHE_DIR)"
    timer = Timer(3.0, tell, [f"compiling the training code, which takes about a minute and happens {often}"])
    timer.daemon = True
    timer.start()
    try:
        yield next(records)
    finally:
        timer.cancel()
    yield from records
