"""The same stack by several machines: a Dask cluster does what is done to each sub, this process what is judged."""

from indistack.cluster.dask_cluster import LOCAL, DaskCluster

__all__ = ["LOCAL", "DaskCluster"]
