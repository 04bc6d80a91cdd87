"""Trained networks, and their files."""

from handgrad.model.model import Model
from handgrad.model.safetensors import load_model, save_model

__all__ = ["Model", "load_model", "save_model"]
