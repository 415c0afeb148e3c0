"""The INDI client: the only place that imports PyIndi or speaks INDI."""
