"""indistack: live stacking for people who observe with INDI."""

__version__ = "0.1.0"
