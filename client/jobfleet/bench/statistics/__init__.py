"""Numbers out of samples: exact percentiles, the correction of closed loops, confidence intervals."""
