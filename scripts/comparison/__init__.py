"""What `bench` and `peers` measure with: one night with known truth, whole processes, and pictures judged by it."""
