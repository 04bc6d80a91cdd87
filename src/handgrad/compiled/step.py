"""The steps of a span, in one compiled call of each thread: read the loop in ``take_steps``.

The package's docstring says which thread owns what, and draws where the threads wait for one another.
"""

from __future__ import annotations

import math

from numba import njit

from handgrad.compiled.barrier import arrive, barrier, wait
from handgrad.compiled.layers import sum_of
from handgrad.compiled.optimizers import corrected
from handgrad.compiled.phases import (
    Batch,
    backward,
    collect,
    forward,
    gather,
    loss,
    penalise,
    square,
    update,
    update_collected,
)
from handgrad.compiled.runtime import flush_denormals, njit_cached, restore
from handgrad.compiled.vectors import borrowed

MISSING = -1  # returned instead of a count: a thread will never come


@njit(nogil=True)
def weight_of(examples, rows):
    """Add up the weights of some examples."""
    if examples.weights.size == 0:
        return float(rows.size)
    total = 0.0
    for row in rows:
        total += examples.weights[row]
    return total


@njit(nogil=True, error_model="numpy", inline="always")
def take_steps(context, plan, log, thread):
    """Take the steps of a plan, as one of the threads; returns how many were taken, or MISSING."""
    settings, workspace, team = context.settings, context.workspace, context.team
    one, zero = context.theta.dtype.type(1), context.theta.dtype.type(0)
    layers, begin = context.network.sizes.size - 1, 0
    for step in range(plan.ends.size):
        examples, begin = plan.order[begin : plan.ends[step]], plan.ends[step]
        weight, learning_rate = weight_of(context.examples, examples), plan.learning_rates[step]
        micro_batches = (examples.size + workspace.height - 1) // workspace.height if plan.compute else 0
        collects = micro_batches > 1 or settings.clip > 0.0 or not (plan.compute and plan.update)
        wants_norm = plan.update and (step == 0 or settings.clip > 0.0)
        early = layers > 2 and not collects and not wants_norm
        corrections = corrected(settings.optimizer, settings.constants, learning_rate, plan.first_step + step + 1)
        value, scale, rows = 0.0, 1.0, examples.size
        workspace.n_correct[thread, 0] = 0
        if settings.l2 > 0.0 and plan.compute:
            square(context, context.theta, workspace.squares[0], False, thread)
        for number in range(micro_batches):
            offset = number * workspace.height
            batch = Batch(examples[offset : offset + workspace.height], offset, weight, plan.keys[step])
            rows = batch.rows.size
            if thread == 0:
                team.halted[0] = team.stop[0]
            gather(context, batch, thread)
            if not barrier(team):
                return MISSING
            if team.halted[0]:  # Ctrl-C: nothing has been changed yet in this step
                return step
            if not forward(context, batch, thread):
                return MISSING
            workspace.n_correct[thread, 0] += loss(context, batch, thread)
            if not backward(context, batch, thread):
                return MISSING
            ticket = arrive(team)
            if early:  # W[0] needs no other thread's deltas, and no other thread needs it
                update(context, rows, (0, 1), corrections, thread, step % 2)
            if not wait(team, ticket):
                return MISSING
            if thread == 0:
                value += sum_of(workspace.losses[:rows])
            if collects or wants_norm:
                collect(context, rows, zero if number == 0 else one, thread)
            if number < micro_batches - 1 and not barrier(team):
                return MISSING
        if thread == 0 and plan.compute:
            penalty = 0.5 * settings.l2 * sum_of(workspace.squares[0]) if settings.l2 > 0.0 else 0.0
            log.losses[step] = value + penalty
            log.accuracies[step] = sum_of(workspace.n_correct[:, 0]) / examples.size
        if settings.l2 > 0.0 and plan.compute and (collects or wants_norm):
            penalise(context, thread)
        if wants_norm:
            square(context, context.gradient, workspace.squares[1], True, thread)
            if not barrier(team):
                return MISSING
            norm = math.sqrt(sum_of(workspace.squares[1]))
            if thread == 0:
                log.norms[step] = norm
            if settings.clip > 0.0 and norm > settings.clip:
                scale = settings.clip / norm
        ticket = arrive(team) if early else 0  # the next batch may be gathered
        if collects and plan.update:
            update_collected(context, scale, corrections, thread)
        elif not collects:
            update(context, rows, (1 if early else 0, layers), corrections, thread, step % 2)
        if not wait(team, ticket if early else arrive(team)):
            return MISSING
    return plan.ends.size


@njit_cached(error_model="numpy")
def train_span(context, plan, log, thread):
    """Take the steps of a plan, as ``take_steps``, with denormal numbers as zero."""
    before: int = flush_denormals()
    taken = take_steps(borrowed(context), borrowed(plan), borrowed(log), thread)
    restore(before)
    return taken
