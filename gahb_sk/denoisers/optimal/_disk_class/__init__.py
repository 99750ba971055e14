"""The posterior of the disk class, piece by piece: prior, intensities, grid, refinement."""
