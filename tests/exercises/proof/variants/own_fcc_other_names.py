"""Activations and deltas under names of its own; only weights and gradients are called as on the sheet."""
import numpy as np


class fcc:
    def __init__(self, n_input, n_hidden1, n_hidden2, n_out):
        zufall = np.random.randn
        self.W_i_h1, self.W_h1_h2, self.W_h2_o = (
            zufall(n_input, n_hidden1), zufall(n_hidden1, n_hidden2), zufall(n_hidden2, n_out)
        )
        self.b_h1, self.b_h2, self.b_out = zufall(n_hidden1), zufall(n_hidden2), zufall(n_out)

    def forward_propagation(self, X):
        self.eingabe = X
        self.a1 = 1 / (1 + np.exp(-(X @ self.W_i_h1 + self.b_h1)))
        self.a2 = 1 / (1 + np.exp(-(self.a1 @ self.W_h1_h2 + self.b_h2)))
        z3 = self.a2 @ self.W_h2_o + self.b_out
        self.p = np.exp(z3 - z3.max(axis=1, keepdims=True))
        self.p /= self.p.sum(axis=1, keepdims=True)
        return self.p

    def backprop(self, y):
        anzahl = len(y)
        fehler3 = self.p.copy()
        fehler3[np.arange(anzahl), y] -= 1
        fehler2 = fehler3.dot(self.W_h2_o.T) * self.a2 * (1 - self.a2)
        fehler1 = fehler2.dot(self.W_h1_h2.T) * self.a1 * (1 - self.a1)
        self.dW_h2_o, self.db_out = self.a2.T.dot(fehler3) / anzahl, fehler3.mean(axis=0)
        self.dW_h1_h2, self.db_h2 = self.a1.T.dot(fehler2) / anzahl, fehler2.mean(axis=0)
        self.dW_i_h1, self.db_h1 = self.eingabe.T.dot(fehler1) / anzahl, fehler1.mean(axis=0)

    def gradient_step(self, learning_rate):
        self.W_i_h1 = self.W_i_h1 - learning_rate * self.dW_i_h1
        self.b_h1 = self.b_h1 - learning_rate * self.db_h1
        self.W_h1_h2 = self.W_h1_h2 - learning_rate * self.dW_h1_h2
        self.b_h2 = self.b_h2 - learning_rate * self.db_h2
        self.W_h2_o = self.W_h2_o - learning_rate * self.dW_h2_o
        self.b_out = self.b_out - learning_rate * self.db_out
