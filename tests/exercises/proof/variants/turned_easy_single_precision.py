"""The same in float32."""
import numpy as np


def delta_last_layer_easy_approach(h, y):
    return (h.astype(np.float32) - np.eye(h.shape[1], dtype=np.float32)[y]).T
