"""The same stack by several machines: a Dask cluster does what is done to each sub, this process what is judged."""

from indistack.cluster.crew import LOCAL, Crew

__all__ = ["LOCAL", "Crew"]
