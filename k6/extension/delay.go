package extension

import (
	"sync"
	"time"
)

const (
	// delayPeriod is the time between two ticks of the generator's own clock.
	delayPeriod = 10 * time.Millisecond
	// maxDelays bounds the ticks kept while no virtual user collects them: 100 seconds' worth.
	maxDelays = 10_000
)

// lateness says by how much the load generator was late for a tick due at a time.
type lateness struct {
	due   time.Time
	delay time.Duration
}

// delays measures how starved the load generator is: a goroutine sleeps until each tick of a fixed schedule and
// notes how late it woke. Ticks that were slept through count with their own lateness, so that one long stall is
// not a single sample.
type delays struct {
	started sync.Once
	mu      sync.Mutex
	pending []lateness
}

// start begins the ticks; further calls do nothing. They end with the process, as does what they measure.
func (d *delays) start() {
	d.started.Do(func() {
		go func() {
			due := time.Now().Add(delayPeriod)
			for {
				time.Sleep(time.Until(due))
				due = d.note(due, time.Now())
			}
		}()
	})
}

// note keeps the lateness of every tick due until now and returns the next tick.
func (d *delays) note(due, now time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ; !due.After(now); due = due.Add(delayPeriod) {
		if len(d.pending) < maxDelays {
			d.pending = append(d.pending, lateness{due: due, delay: now.Sub(due)})
		}
	}
	return due
}

// take returns the ticks noted since the last call.
func (d *delays) take() []lateness {
	d.mu.Lock()
	defer d.mu.Unlock()
	taken := d.pending
	d.pending = nil
	return taken
}
