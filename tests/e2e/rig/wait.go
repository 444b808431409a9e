package rig

import (
	"testing"
	"time"
)

// Patience is how long a condition may take on a busy machine before it counts as never.
const Patience = 30 * time.Second

const look = 10 * time.Millisecond

// Eventually looks until the condition holds. The last reason why it did not is what the test tells.
func Eventually(t testing.TB, what string, condition func() error) {
	t.Helper()
	if err := await(condition, nil); err != nil {
		t.Fatalf("%s: not within %v: %v", what, Patience, err)
	}
}

// await gives up when patience ends or when nothing can change any more.
func await(condition func() error, over <-chan struct{}) error {
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		err := condition()
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-deadline.C:
			return err
		case <-over:
			return condition()
		}
	}
}
