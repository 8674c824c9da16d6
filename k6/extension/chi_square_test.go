package extension

import (
	"math"
	"testing"
)

// testSeeds are the seeds of the tests of distributions.
var testSeeds = []uint64{20251, 7}

// chiSquareLimit is exceeded by the statistic of one sample in ten thousand, if it is what it should be (the
// approximation of Wilson and Hilferty).
func chiSquareLimit(degrees int) float64 {
	const quantile = 3.719
	d := float64(degrees)
	return d * math.Pow(1-2/(9*d)+quantile*math.Sqrt(2/(9*d)), 3)
}

// chiSquare returns the statistic of counts, given how many were to be expected.
func chiSquare(counts []int, expected []float64) float64 {
	sum := 0.0
	for i, count := range counts {
		difference := float64(count) - expected[i]
		sum += difference * difference / expected[i]
	}
	return sum
}

// distributed fails the test unless counts have the shares, which add up to one.
func distributed(t *testing.T, seed uint64, counts []int, shares []float64) {
	t.Helper()
	total := 0
	for _, count := range counts {
		total += count
	}
	expected := make([]float64, len(shares))
	for i, share := range shares {
		expected[i] = share * float64(total)
	}
	statistic, limit := chiSquare(counts, expected), chiSquareLimit(len(counts)-1)
	t.Logf("seed %d: chi-square %.1f, limit %.1f, %d degrees of freedom", seed, statistic, limit, len(counts)-1)
	if !(statistic < limit) {
		t.Errorf("seed %d: %v do not have the shares %v", seed, counts, shares)
	}
}

func equalShares(count int) []float64 {
	shares := make([]float64, count)
	for i := range shares {
		shares[i] = 1 / float64(count)
	}
	return shares
}

func TestTheLimitOfChiSquare(t *testing.T) {
	// Tables have 15.137 for 1, 35.564 for 10, and 161.3 for 100 degrees of freedom.
	for degrees, want := range map[int]float64{1: 15.137, 10: 35.564, 100: 161.319} {
		if got := chiSquareLimit(degrees); math.Abs(got-want) > 0.08*want {
			t.Errorf("%d: %v, want %v", degrees, got, want)
		}
	}
	// A die with a side that is too frequent.
	if statistic := chiSquare([]int{1200, 960, 960, 960, 960, 960}, []float64{1000, 1000, 1000, 1000, 1000, 1000}); statistic < chiSquareLimit(5) {
		t.Errorf("a loaded die passes with %v", statistic)
	}
}
