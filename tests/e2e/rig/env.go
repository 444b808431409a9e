// Package rig starts what an end-to-end test needs: redis-server, Kafka, daprd, component programs.
//
// Everything listens on loopback or in a private folder, is waited for by a condition, leaves its
// log with the test that failed, and is ended by its process id.
package rig

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// What the environment has to name. Nothing is looked for elsewhere and nothing is skipped.
const (
	DaprdVar        = "DAPRD"         // a daprd without built-in stores
	DaprdCompareVar = "DAPRD_COMPARE" // a daprd with the built-in redis and kafka
	BinVar          = "DK_BIN"        // the folder with our programs
	RedisServerVar  = "REDIS_SERVER"  // redis-server
	KafkaVar        = "KAFKA"         // the folder that build/tools/kafka/build.sh made
	Kafka3Var       = "KAFKA_3"       // the same of Kafka 3
	ValkeyServerVar = "VALKEY_SERVER" // valkey-server 8
	KcatVar         = "KCAT"          // kcat
	JaegerVar       = "JAEGER"        // jaeger
	PrometheusVar   = "PROMETHEUS"    // prometheus
	SchedulerVar    = "SCHEDULER"     // Dapr's scheduler
	PromtoolVar     = "PROMTOOL"      // promtool
	ObserveVar      = "DK_OBSERVE"    // the folder with the configurations of Jaeger and Prometheus
)

// Need gives the path that a variable names. A missing one fails the test: it was not run.
func Need(t testing.TB, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		t.Fatalf("%s is not set; this test cannot run without it", variable)
	}
	path, err := filepath.Abs(path)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return path
}

// SocketFolder makes a folder with a short path: a socket's path has room for 107 bytes.
func SocketFolder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "dk-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

// Ports are handed out below the kernel's range for outgoing connections, each once, so that
// nobody takes one between our look and the server's bind. The start differs between processes.
var ports = struct {
	sync.Mutex
	next int
}{next: portMin + os.Getpid()*37%(portMax-portMin)}

const portMin, portMax = 15000, 32000

func port(t testing.TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range portMax - portMin {
		candidate := ports.next
		if ports.next++; ports.next == portMax {
			ports.next = portMin
		}
		if l, err := net.Listen("tcp", loopback(candidate)); err == nil {
			l.Close()
			return candidate
		}
	}
	t.Fatal("no free port on 127.0.0.1")
	return 0
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
