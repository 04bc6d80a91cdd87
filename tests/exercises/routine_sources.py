"""Training routines with a mistake, as learners write them: by the mistake's id, in several hands.

The file is long because it is a collection: every routine stands here in full.
"""

from textwrap import dedent, indent

_GD = """
def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=1000,
                     evaluate_every=100):
"""
_SGD = """
import numpy as np

def stochastic_gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, batch_size=64, epochs=10,
                                log_every=100, rng=None):
"""


def gd(body: str) -> str:
    """Write gradient_descent."""
    return _GD + indent(dedent(body), "    ")


def sgd(body: str) -> str:
    """Write stochastic_gradient_descent."""
    return _SGD + indent(dedent(body), "    ")


WRONG: list[tuple[str, str]] = [
    (
        "steps_only_when_printing",  # what the notebook's text says when it is read with the indentation it lost
        gd("""
        for i in range(num_iterations):
            if i % evaluate_every == 0:
                logits = neural_net.forward_propagation(testx)
                print("Test Loss:", cross_entropy(logits, testy))
                logits = neural_net.forward_propagation(trainx)
                if i % evaluate_every == 0:
                    print("Train Loss:", cross_entropy(logits, trainy))
                    neural_net.backprop(trainy)
                    neural_net.gradient_step(learning_rate)
        logits = neural_net.forward_propagation(testx)
        print("Test Loss:", cross_entropy(logits, testy))
        """),
    ),
    (
        "steps_only_when_printing",
        sgd("""
        permutation = np.arange(trainx.shape[0])
        for i in range(epochs):
            logits = neural_net.forward_propagation(testx)
            print(cross_entropy(logits, testy))
            np.random.shuffle(permutation)
            for j in range(int(trainx.shape[0] / batch_size)):
                batch = permutation[j * batch_size:(j + 1) * batch_size]
                logits = neural_net.forward_propagation(trainx[batch])
                if j % log_every == 0:
                    print(cross_entropy(logits, trainy[batch]))
                    neural_net.backprop(trainy[batch])
                    neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "forgets_forward",
        gd("""
        i = 0
        while i < num_iterations:
            if i % evaluate_every == 0:
                print(accuracy(neural_net.forward_propagation(testx), testy))
                print(accuracy(neural_net.forward_propagation(trainx), trainy))
            neural_net.backprop(trainy)
            neural_net.gradient_step(learning_rate)
            i += 1
        """),
    ),
    (
        "forgets_forward",
        gd("""
        neural_net.forward_propagation(trainx)
        for _ in range(num_iterations):
            neural_net.backprop(trainy)
            neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "evaluation_overwrites_forward",
        gd("""
        for i in range(num_iterations):
            p = neural_net.forward_propagation(trainx)
            if i % evaluate_every == 0:
                print(cross_entropy(p, trainy))
                print(cross_entropy(neural_net.forward_propagation(testx), testy))
            neural_net.backprop(trainy)
            neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "evaluation_overwrites_forward",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // batch_size):
                b = p[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                if j % log_every == 0:
                    print(accuracy(neural_net.forward_propagation(testx), testy))
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "step_before_backprop",
        gd("""
        for i in range(num_iterations):
            neural_net.forward_propagation(trainx)
            neural_net.gradient_step(learning_rate)
            neural_net.backprop(trainy)
        """),
    ),
    (
        "one_iteration_too_few_or_too_many",
        gd("""
        i = 0
        while i <= num_iterations:
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            neural_net.gradient_step(learning_rate)
            i = i + 1
        """),
    ),
    (
        "only_one_step",
        gd("""
        losses = []
        for i in range(num_iterations):
            losses.append(cross_entropy(neural_net.forward_propagation(trainx), trainy))
            neural_net.backprop(trainy)
            neural_net.gradient_step(learning_rate)
            return losses
        """),
    ),
    (
        "trains_on_test_data",
        gd("""
        for i in range(num_iterations):
            neural_net.forward_propagation(testx)
            neural_net.backprop(testy)
            neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "learning_rate_negated",
        gd("""
        names = ["W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"]
        for i in range(num_iterations):
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            for name in names:
                setattr(neural_net, name, getattr(neural_net, name) + learning_rate * getattr(neural_net, "d" + name))
        """),
    ),
    (
        "updates_only_some_parameters",
        gd("""
        for i in range(num_iterations):
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            neural_net.W_i_h1 -= learning_rate * neural_net.dW_i_h1
            neural_net.W_h1_h2 -= learning_rate * neural_net.dW_h1_h2
            neural_net.W_h2_o -= learning_rate * neural_net.dW_h2_o
        """),
    ),
    (
        "learning_rate_ignored",
        gd("""
        lr = 0.01
        for i in range(num_iterations):
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            neural_net.gradient_step(lr)
        """),
    ),
    (
        "learning_rate_decays",
        sgd("""
        for e in range(epochs):
            for b in np.array_split(np.random.permutation(len(trainx)), len(trainx) // batch_size):
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate / (e + 1))
        """),
    ),
    (
        "gradients_accumulated",
        gd("""
        names = ["W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"]
        total = {name: 0 for name in names}
        for i in range(num_iterations):
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            for name in names:
                total[name] = total[name] + getattr(neural_net, "d" + name)
                setattr(neural_net, name, getattr(neural_net, name) - learning_rate * total[name])
        """),
    ),
    (
        "evaluates_on_training_data",
        gd("""
        for i in range(num_iterations):
            if i % evaluate_every == 0:
                print(accuracy(neural_net.forward_propagation(trainx), trainy))
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "reuses_first_batch",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // batch_size):
                X, y = trainx[p[:batch_size]], trainy[p[:batch_size]]
                neural_net.forward_propagation(X)
                neural_net.backprop(y)
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "does_not_shuffle",  # the result of the permutation is thrown away
        sgd("""
        index = np.arange(len(trainx))
        for e in range(epochs):
            np.random.permutation(index)
            for a in range(0, len(index), batch_size):
                b = index[a:a + batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
            print(accuracy(neural_net.forward_propagation(testx), testy))
        """),
    ),
    (
        "shuffles_only_once",
        sgd("""
        p = np.random.permutation(len(trainx))
        X, y = trainx[p], trainy[p]
        for e in range(epochs):
            for j in range(len(X) // batch_size):
                neural_net.forward_propagation(X[j * batch_size:(j + 1) * batch_size])
                neural_net.backprop(y[j * batch_size:(j + 1) * batch_size])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "shuffles_only_once",  # by the same seed
        sgd("""
        for e in range(epochs):
            np.random.seed(42)
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // batch_size):
                b = p[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "shuffles_after_the_first_epoch",
        sgd("""
        p = np.arange(len(trainx))
        for e in range(epochs):
            for j in range(len(trainx) // batch_size):
                b = p[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
            np.random.shuffle(p)
        """),
    ),
    (
        "shuffles_whole_batches",
        sgd("""
        batches = [(trainx[a:a + batch_size], trainy[a:a + batch_size]) for a in range(0, len(trainx), batch_size)]
        for e in range(epochs):
            for j in np.random.permutation(len(batches)):
                X, y = batches[j]
                neural_net.forward_propagation(X)
                neural_net.backprop(y)
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "shuffles_for_every_batch",
        sgd("""
        for e in range(epochs):
            for j in range(len(trainx) // batch_size):
                b = np.random.choice(len(trainx), batch_size, replace=False)
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "draws_with_replacement",
        sgd("""
        for e in range(epochs):
            for j in range(len(trainx) // batch_size):
                b = np.random.randint(0, len(trainx), batch_size)
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "labels_not_shuffled",
        sgd("""
        X = trainx.copy()
        for e in range(epochs):
            np.random.shuffle(X)
            for j in range(len(X) // batch_size):
                neural_net.forward_propagation(X[j * batch_size:(j + 1) * batch_size])
                neural_net.backprop(trainy[j * batch_size:(j + 1) * batch_size])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "labels_shuffled_separately",
        sgd("""
        X, y = trainx.copy(), trainy.copy()
        for e in range(epochs):
            np.random.shuffle(X)
            np.random.shuffle(y)
            for a in range(0, len(X), batch_size):
                neural_net.forward_propagation(X[a:a + batch_size])
                neural_net.backprop(y[a:a + batch_size])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "labels_of_another_batch",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            y = trainy[p[:batch_size]]
            for j in range(len(trainx) // batch_size):
                neural_net.forward_propagation(trainx[p[j * batch_size:(j + 1) * batch_size]])
                neural_net.backprop(y)
                neural_net.gradient_step(learning_rate)
                y = trainy[p[j * batch_size:(j + 1) * batch_size]]
        """),
    ),
    (
        "batches_overlap",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // batch_size):
                b = p[j:j + batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "leaves_out_a_batch",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(1, len(trainx) // batch_size):
                b = p[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "empty_last_batch",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // batch_size + 1):
                b = p[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "batch_one_too_short_or_too_long",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // batch_size):
                b = p[j * batch_size:(j + 1) * batch_size - 1]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "batch_size_ignored",
        sgd("""
        size = 32
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // size):
                b = p[j * size:(j + 1) * size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
            print(accuracy(neural_net.forward_propagation(testx), testy))
        """),
    ),
    (
        "full_batch",
        sgd("""
        for e in range(epochs):
            np.random.shuffle(np.arange(len(trainx)))
            for j in range(len(trainx) // batch_size):
                neural_net.forward_propagation(trainx)
                neural_net.backprop(trainy)
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "steps_once_an_epoch",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // batch_size):
                b = p[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
            neural_net.gradient_step(learning_rate)
            print(accuracy(neural_net.forward_propagation(testx), testy))
        """),
    ),
    (
        "stops_after_the_first_epoch",
        sgd("""
        history = []
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // batch_size):
                b = p[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
            history.append(accuracy(neural_net.forward_propagation(testx), testy))
            return history
        """),
    ),
    (
        "several_steps_for_one_batch",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for a in range(0, len(p), batch_size):
                b = p[a:a + batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.W_i_h1 = neural_net.W_i_h1 - learning_rate * neural_net.dW_i_h1
                neural_net.b_h1 = neural_net.b_h1 - learning_rate * neural_net.db_h1
                neural_net.W_h1_h2 = neural_net.W_h1_h2 - learning_rate * neural_net.dW_h1_h2
                neural_net.b_h2 = neural_net.b_h2 - learning_rate * neural_net.db_h2
                neural_net.W_h2_o = neural_net.W_h2_o - learning_rate * neural_net.dW_h2_o
                neural_net.b_out = neural_net.b_out - learning_rate * neural_net.db_out
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "learning_rate_divided",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // batch_size):
                b = p[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate / batch_size)
        """),
    ),
    (
        "never_steps",
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len(trainx) // batch_size):
                b = p[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
        """),
    ),
    (
        "training_never_reached",  # the number of mini-batches is divided among the epochs
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for j in range(len((trainx, trainy)) // batch_size):
                b = p[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
            print(accuracy(neural_net.forward_propagation(testx), testy))
        """),
    ),
    (
        "training_never_reached",
        gd("""
        i = 0
        while i > num_iterations:
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            neural_net.gradient_step(learning_rate)
            i += 1
        """),
    ),
    (
        "shuffle_copies_rows",
        "import random\n"
        + sgd("""
        data = np.column_stack([trainx, trainy])
        for e in range(epochs):
            random.shuffle(data)
            for j in range(len(data) // batch_size):
                b = data[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(b[:, :-1])
                neural_net.backprop(b[:, -1].astype(int))
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "shuffle_copies_rows",  # of a new array in each epoch
        "import random\n"
        + sgd("""
        for e in range(epochs):
            data = np.column_stack([trainx, trainy])
            random.shuffle(data)
            for a in range(0, len(data), batch_size):
                b = data[a:a + batch_size]
                neural_net.forward_propagation(b[:, :-1])
                neural_net.backprop(b[:, -1].astype(int))
                neural_net.gradient_step(learning_rate)
            print(accuracy(neural_net.forward_propagation(testx), testy))
        """),
    ),
    (
        "one_example_at_a_time",
        sgd("""
        for e in range(epochs):
            for m in np.random.permutation(len(trainx)):
                neural_net.forward_propagation(trainx[m:m + 1])
                neural_net.backprop(trainy[m:m + 1])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "one_example_at_a_time",
        sgd("""
        for e in range(epochs):
            for _ in range(len(trainx)):
                m = [np.random.randint(len(trainx))]
                neural_net.forward_propagation(trainx[m])
                neural_net.backprop(trainy[m])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "batches_overlap",  # the window moves by one
        sgd("""
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            X, y = trainx[p], trainy[p]
            for a in range(0, len(X)):
                neural_net.forward_propagation(X[a:a + batch_size])
                neural_net.backprop(y[a:a + batch_size])
                neural_net.gradient_step(learning_rate)
            print(accuracy(neural_net.forward_propagation(testx), testy))
        """),
    ),
    (
        "old_batches_again",
        sgd("""
        batches = []
        for e in range(epochs):
            p = np.random.permutation(len(trainx))
            for a in range(0, len(p), batch_size):
                batches.append((trainx[p[a:a + batch_size]], trainy[p[a:a + batch_size]]))
            for X, y in batches:
                neural_net.forward_propagation(X)
                neural_net.backprop(y)
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "evaluation_trains",
        gd("""
        for i in range(num_iterations):
            for X, y in ((trainx, trainy), (testx, testy)) if i % evaluate_every == 0 else ((trainx, trainy),):
                print(cross_entropy(neural_net.forward_propagation(X), y))
                neural_net.backprop(y)
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "number_of_rounds_ignored",
        gd("""
        for i in range(25):
            neural_net.forward_propagation(trainx)
            neural_net.backprop(trainy)
            neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "number_of_rounds_ignored",
        sgd("""
        for e in range(20):
            for b in np.array_split(np.random.permutation(len(trainx)), len(trainx) // batch_size):
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "order_reset_for_every_batch",
        sgd("""
        for e in range(epochs):
            for j in range(len(trainx) // batch_size):
                order = np.arange(len(trainx))
                if j == 0:
                    rng.shuffle(order)
                b = order[j * batch_size:(j + 1) * batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "order_by_own_seed",
        sgd("""
        rng = np.random.RandomState(1234)
        for e in range(epochs):
            for b in np.array_split(rng.permutation(len(trainx)), len(trainx) // batch_size):
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "trains_another_network",
        "import copy\n"
        + gd("""
        net = copy.deepcopy(neural_net)
        for i in range(num_iterations):
            if i % evaluate_every == 0:
                print(cross_entropy(net.forward_propagation(testx), testy))
            net.forward_propagation(trainx)
            net.backprop(trainy)
            net.gradient_step(learning_rate)
        """),
    ),
    (
        "old_batches_again",  # those of earlier calls, too
        "batches = []\n"
        + sgd("""
        for e in range(epochs):
            p = rng.permutation(len(trainx))
            for a in range(0, len(p) // batch_size * batch_size, batch_size):
                batches.append((trainx[p[a:a + batch_size]], trainy[p[a:a + batch_size]]))
            for X, y in batches:
                neural_net.forward_propagation(X)
                neural_net.backprop(y)
                neural_net.gradient_step(learning_rate)
        """),
    ),
    (
        "same_batch_from_the_second_epoch",
        sgd("""
        for epoch in range(epochs):
            order = rng.permutation(len(trainx))
            for j in range(len(trainx) // batch_size):
                b = order[j * batch_size:(j + 1) * batch_size] if epoch == 0 else order[:batch_size]
                neural_net.forward_propagation(trainx[b])
                neural_net.backprop(trainy[b])
                neural_net.gradient_step(learning_rate)
        """),
    ),
]

LOOP = """
    for j in range(len(order) // batch_size):
        chosen = order[j * batch_size:(j + 1) * batch_size]
        neural_net.forward_propagation(trainx[chosen])
        neural_net.backprop(trainy[chosen])
        neural_net.gradient_step(learning_rate)
"""
# Wrong on purpose, or in a way that the catalogue does not have: by what is said of it.
UNNAMED: dict[str, str] = {
    "the number of weight updates was 8": gd("""
    for i in range(min(num_iterations, 8)):
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    """),
    "the number of weight updates was": sgd("""
    for epoch in range(min(epochs, 4)):
        order = rng.permutation(len(trainx))
    """) + indent(LOOP, "    "),
    "in exactly the same order as an earlier one": sgd("""
    for epoch in range(epochs):
        order = np.random.RandomState(epoch % 2).permutation(len(trainx))
    """) + indent(LOOP, "    "),
    "nearly every example came next to the same examples": sgd("""
    for epoch in range(epochs):
        order = np.roll(np.arange(len(trainx)), 3 * epoch + 1)
    """) + indent(LOOP, "    "),
    "the same example appeared in more than one mini-batch of an epoch": sgd("""
    for epoch in range(epochs):
        order = rng.permutation(len(trainx))
        for j in range(len(order) // batch_size):
            chosen = np.append(order[:1], order[j * batch_size + 1:(j + 1) * batch_size])
            neural_net.forward_propagation(trainx[chosen])
            neural_net.backprop(trainy[chosen])
            neural_net.gradient_step(learning_rate)
    """),
    "the same example appeared in more than one mini-batch": sgd("""
    order, start = rng.permutation(len(trainx)), 0
    for step in range(epochs * (len(trainx) // batch_size)):
        left = min(batch_size, len(trainx) - start)
        if left < batch_size:
            order, start = rng.permutation(len(trainx)), 0
        chosen = order[start:start + batch_size]
        start += left
        neural_net.forward_propagation(trainx[chosen])
        neural_net.backprop(trainy[chosen])
        neural_net.gradient_step(learning_rate)
    """),
    "neither of testx nor of trainx": gd("""
    for i in range(num_iterations):
        if i % evaluate_every == 0:
            print(accuracy(neural_net.forward_propagation(testy), testy))
            print(accuracy(neural_net.forward_propagation(trainx), trainy))
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    """),
}  # fmt: skip

HARD_CODED = sgd("""
lr, size = 0.05, 3
for e in range(epochs):
    p = np.random.permutation(len(trainx))
    for j in range(len(trainx) // size):
        neural_net.forward_propagation(trainx[p[j * size:(j + 1) * size]])
        neural_net.backprop(trainy[p[j * size:(j + 1) * size]])
        neural_net.gradient_step(lr)
""")

PAIR = sgd("""
for e in range(epochs):
    for j in range(len(trainx) // batch_size):
        rows = slice(j * batch_size, (j + 1) * batch_size)
        neural_net.forward_propagation(trainx[rows])
        neural_net.backprop(trainy[rows])
        neural_net.gradient_step(-learning_rate)
""")

MOMENTUM = gd("""
names = ["W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"]
velocity = {name: 0 for name in names}
for i in range(num_iterations):
    neural_net.forward_propagation(trainx)
    neural_net.backprop(trainy)
    for name in names:
        velocity[name] = 0.9 * velocity[name] + getattr(neural_net, "d" + name)
        setattr(neural_net, name, getattr(neural_net, name) - learning_rate * velocity[name])
""")

# Routines that train as they should: what stands in place of their history, and what is said of it.
_ROWS = """
from collections import namedtuple

Evaluation = namedtuple("Evaluation", "done test_loss test_accuracy train_loss train_accuracy")
""" + gd("""
history = []
for i in range(num_iterations + 1):
    if i % evaluate_every == 0 or i == num_iterations:
        numbers = []
        for X, y in ((testx, testy), (trainx, trainy)):
            p = neural_net.forward_propagation(X)
            numbers += [cross_entropy(p, y), accuracy(p, y)]
        history.append(Evaluation(i, *numbers))
    if i < num_iterations:
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
return HISTORY
""")
HONEST_HISTORY = (
    "history",
    "None",
    "(neural_net, history)",
    "[row.test_loss for row in history]",
    "[row._asdict() for row in history]",
    "[row._replace(test_accuracy=round(100 * row.test_accuracy, 2)) for row in history]",
    "[row._replace(train_loss=float(round(row.train_loss, 3))) for row in history]",
    "[history[0], history[-1]]",
    "[row._replace(done=row.done + 1) for row in history]",
    "[row._replace(done=100 * row.done / num_iterations) for row in history]",
    "[row._replace(done=number) for number, row in enumerate(history)]",
    "[row._replace(done=row.done + evaluate_every) for row in history]",
)
FALSE_HISTORY = {
    "history[::-1]": "record_order",
    "[row._replace(test_loss=0.99 * row.test_loss) for row in history]": "record_invented",
    "[row._replace(test_accuracy=row.train_accuracy) for row in history]": "record_other_rows",
    "[row._replace(test_accuracy=row.test_loss) for row in history]": "record_other_rows",
    "[row._replace(test_loss=min(r.test_loss for r in history)) for row in history]": "record_",
    "[history[0]._replace(done=row.done) for row in history]": "record_again",
    "history[-1:]": "record_lost",
    "[row._replace(done=min(row.done + 2, num_iterations) if row.done else 0) for row in history]": "record_misplaced",
}
# Outputs that are changed before they are measured, and whether that is more than rounding.
CHANGED_OUTPUTS = {
    "np.clip(p, 1e-6, 1)": False,
    "p.astype(np.float32)": False,
    "np.concatenate([neural_net.forward_propagation(X[i : i + 1]) for i in range(len(X))])": False,
    "p**2 / (p**2).sum(axis=1, keepdims=True)": True,
    "np.where(np.isin(np.arange(p.shape[1]), y), p, 0)": True,
    "0.9 * p + 0.1 * np.eye(p.shape[1])[y]": True,
}


def measuring(outputs: str) -> str:
    """Write a gradient_descent that measures this."""
    return "import numpy as np\n" + returning("history").replace(
        "numbers += [cross", f"p = {outputs}; numbers += [cross"
    )


# What is logged of a mini-batch is measured on all examples.
LOGS_EVERYTHING = (
    "from collections import namedtuple\n"
    'Batch = namedtuple("Batch", "epoch step train_loss train_accuracy")\n'
    + sgd("""
    batches = []
    for e in range(epochs):
        neural_net.forward_propagation(testx)
        for j, b in enumerate(np.array_split(rng.permutation(len(trainx)), len(trainx) // batch_size)):
            p = neural_net.forward_propagation(SHOWN_X)
            batches.append(Batch(e, j, cross_entropy(p, SHOWN_Y), accuracy(p, SHOWN_Y)))
            neural_net.forward_propagation(trainx[b])
            neural_net.backprop(trainy[b])
            neural_net.gradient_step(learning_rate)
    return [], batches
    """)
)


def returning(history: str) -> str:
    """Write a gradient_descent that returns this expression."""
    return _ROWS.replace("HISTORY", history)


# Training that heeds the losses: whatever it does then, it is not what the sheet asks for.
HEEDING = {
    "stops when the loss rises": gd("""
    before = 1000
    for i in range(num_iterations):
        loss = cross_entropy(neural_net.forward_propagation(trainx), trainy)
        if loss > before:
            break
        before = loss
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    """),
    "goes back to the best weights": gd("""
    names = ["W_i_h1", "b_h1", "W_h1_h2", "b_h2", "W_h2_o", "b_out"]
    best = 1000
    for i in range(num_iterations):
        p = neural_net.forward_propagation(trainx)
        loss = -sum(p[m, label] for m, label in enumerate(trainy))
        if loss < best:
            best, kept = loss, {name: getattr(neural_net, name).copy() for name in names}
        neural_net.backprop(trainy)
        neural_net.gradient_step(learning_rate)
    for name in names:
        setattr(neural_net, name, kept[name])
    """),
    "shortens its steps": sgd("""
    for e in range(epochs):
        for b in np.array_split(rng.permutation(len(trainx)), len(trainx) // batch_size):
            loss = cross_entropy(neural_net.forward_propagation(trainx[b]), trainy[b])
            neural_net.backprop(trainy[b])
            neural_net.gradient_step(learning_rate * min(1, loss))
    """),
    "caps the rate": gd("""
    for i in range(num_iterations):
        neural_net.forward_propagation(trainx)
        neural_net.backprop(trainy)
        neural_net.gradient_step(min(learning_rate, 1))
    """),
}
