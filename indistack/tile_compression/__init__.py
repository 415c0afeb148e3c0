"""FITS tile compression (.fz) by astropy, where its bytes could crash or fill a process: in one of its own."""

from indistack.tile_compression.client import TileReader

__all__ = ["TileReader"]
