package extension

import "time"

// origin is an arbitrary instant that monotonic readings count from.
var origin = time.Now()

// now returns monotonic milliseconds since an arbitrary instant of the process.
func now() float64 {
	return milliseconds(time.Since(origin))
}

func milliseconds(d time.Duration) float64 {
	return float64(d) / float64(time.Millisecond)
}
