// Package official runs the conformance suites of Dapr's components-contrib against a component
// behind a Unix socket, or against a built-in as the reference.
//
// Two ways to say what is tested:
//
//	CONF_SOCKET   a running component's socket, or builtin:redis, builtin:kafka
//	CONF_PROPS    its metadata, as a JSON object of strings
//	CONF_OPS      the suite's operations, separated by commas
//	CONF_CONFIG   the suite's own settings, as a JSON object
//	CONF_SETTLE   how long a subscription takes to reach the component: 0s, 200ms
//
// or, without CONF_SOCKET, DK_BIN, REDIS_SERVER and KAFKA: then every program is started here.
package official

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"github.com/dapr/kit/logger"
)

const (
	builtinRedis = "builtin:redis"
	builtinKafka = "builtin:kafka"
)

var log = logger.NewLogger("official")

// settings say what one run of a suite is about.
type settings struct {
	name       string
	socket     string
	properties map[string]string
	operations []string
	config     map[string]any
	settle     time.Duration // how long a subscription takes to reach the component
}

// given reads the settings of a component that already runs; nil when there is none.
func given(t *testing.T) *settings {
	t.Helper()
	s := &settings{name: "given", socket: os.Getenv("CONF_SOCKET")}
	if s.socket == "" {
		return nil
	}
	for variable, target := range map[string]any{"CONF_PROPS": &s.properties, "CONF_CONFIG": &s.config} {
		if text := os.Getenv(variable); text != "" {
			if err := json.Unmarshal([]byte(text), target); err != nil {
				t.Fatalf("%s: %v", variable, err)
			}
		}
	}
	if text := os.Getenv("CONF_OPS"); text != "" {
		s.operations = strings.Split(text, ",")
	}
	if text := os.Getenv("CONF_SETTLE"); text != "" {
		var err error
		if s.settle, err = time.ParseDuration(text); err != nil {
			t.Fatalf("CONF_SETTLE: %v", err)
		}
	}
	return s
}

// need fails a test that was told neither of the two ways.
func need(t *testing.T) {
	t.Helper()
	if os.Getenv(rig.BinVar) == "" {
		t.Fatalf("neither CONF_SOCKET nor %s is set: there is no component to test", rig.BinVar)
	}
}
