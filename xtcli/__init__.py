"""xt: store-and-forward medical consults for places without fibre."""

__version__ = "0.1.0"
