"""A trained network, and its file."""

from handgrad.model.model import Model
from handgrad.model.safetensors import load_model, save_model

__all__ = ["Model", "load_model", "save_model"]
