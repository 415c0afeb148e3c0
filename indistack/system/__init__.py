"""Operating system, threads and processes: no astronomy."""
