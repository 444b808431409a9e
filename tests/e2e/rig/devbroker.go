package rig

import (
	"path/filepath"
	"strconv"
	"testing"
)

// StartDevbroker starts dk-devbroker with topics of one partition each, and gives its address: a Kafka
// for tests that look at what is beside it.
func StartDevbroker(t testing.TB, topics ...string) string {
	t.Helper()
	number := port(t)
	args := []string{"--port", strconv.Itoa(number)}
	for _, topic := range topics {
		args = append(args, "--topic", topic+":1")
	}
	start(t, "dk-devbroker", filepath.Join(Need(t, BinVar), "dk-devbroker"), nil, args...).WaitForLog(t, "ready on")
	return loopback(number)
}
