"""What is passed between the steps: frames, stars, transforms, grids, outcomes."""
