"""Statistics: intervals, growth, paired comparisons, and histograms of latencies."""
