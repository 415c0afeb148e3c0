"""The live process."""
