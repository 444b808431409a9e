package stack

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
)

// What rules and dashboards ask of Redis is what its exporter says, told as the chart tells it. Debian's is an older one than the
// chart's; the one of Kafka can be had from no registry that the project builds from.
func TestMetricsOfRedisAreThoseOfItsExporter(t *testing.T) {
	redis := rig.StartRedis(t, "--requirepass", "secret", "--maxmemory", "64mb")
	port := rig.FreePort(t)
	exporter := rig.StartTool(t, "redis-exporter", -1, []string{"REDIS_ADDR=redis://" + redis.Address(), "REDIS_PASSWORD=secret"},
		rig.Need(t, redisExporterVar), "--web.listen-address="+loopback(port))
	var page string
	exporter.Ready(t, func() error {
		text, err := get(fmt.Sprintf("http://%s/metrics", loopback(port)))
		page = string(text)
		if err == nil && !strings.Contains(page, "\nredis_up 1\n") {
			err = fmt.Errorf("the exporter does not reach Redis")
		}
		return err
	})
	asked := 0
	for name := range knownMetrics(t) {
		if strings.HasPrefix(name, "redis_") {
			asked++
			if !regexp.MustCompile(`(?m)^` + name + `[{ ]`).MatchString(page) {
				t.Errorf("the exporter has no '%s'", name)
			}
		}
	}
	if asked == 0 {
		t.Error("metrics.txt names no metric of Redis")
	}
	if _, err := get(fmt.Sprintf("http://%s/health", loopback(port))); err != nil {
		t.Errorf("the chart's probe: %v", err)
	}
}
