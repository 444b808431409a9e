package images

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
)

// Redis as the chart starts it, and a value that goes through dk-redis beside it: all from images.
func TestAValueGoesThroughTheImages(t *testing.T) {
	redis := start(t, "redis", []string{"--tmpfs", "/data"}, "sh", "-ec", "exec redis-server - <<CONFIG\ndir /data\nbind 127.0.0.1\nCONFIG\n")
	folder := sockets(t)
	start(t, "dk-redis", append(mount(folder), redis.beside()...))
	tools := append(mount(folder), redis.beside()...)
	call := func(method, request string) (string, error) {
		return grpcurl(t, tools, "-H", "x-component-instance: store", "-unix", "-d", request,
			"/tmp/dapr-components-sockets/dk-redis.sock", "dapr.proto.components.v1.StateStore/"+method)
	}
	rig.Eventually(t, "Init", func() error {
		answer, err := call("Init", `{"metadata": {"properties": {"redisHost": "127.0.0.1:6379"}}}`)
		if err != nil {
			err = fmt.Errorf("%w: %s", err, answer)
		}
		return err
	})

	if answer, err := call("Set", `{"key": "house", "value": "YnJpY2s="}`); err != nil {
		t.Fatalf("%v\n%s", err, answer)
	}

	if answer, err := call("Get", `{"key": "house"}`); err != nil || !strings.Contains(answer, "YnJpY2s=") {
		t.Errorf("%v\n%s", err, answer)
	}
	if answer, err := run(t, "toolbox", redis.beside(), "redis-cli", "HGET", "house", "data"); strings.TrimSpace(answer) != "brick" {
		t.Errorf("Redis holds: %v\n%s", err, answer)
	}
}

// Kafka as the chart starts it: format, then the broker, then a topic, each by the script of its own.
func TestAMessageGoesThroughTheImages(t *testing.T) {
	configuration := t.TempDir()
	properties := `process.roles=broker,controller
node.id=0
controller.quorum.voters=0@127.0.0.1:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=/var/lib/kafka/data
offsets.topic.replication.factor=1
auto.create.topics.enable=false
`
	if err := os.WriteFile(filepath.Join(configuration, "server.properties"), []byte(properties), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(configuration, 0o755); err != nil {
		t.Fatal(err)
	}
	data := rig.SocketFolder(t)
	if err := os.Chown(data, 1000, 1000); err != nil {
		t.Fatal(err)
	}
	mounts := []string{"--volume", data + ":/var/lib/kafka", "--volume", configuration + ":/etc/dapr-kit:ro", "--tmpfs", "/tmp",
		"--env", "KAFKA_HEAP_OPTS=-Xms512m -Xmx512m"}
	if answer, err := run(t, "kafka", mounts, "/opt/kafka/bin/kafka-storage.sh", "format", "--ignore-formatted", "--cluster-id",
		"5L6g3nShT-eMCtK--X86sw", "--config", "/etc/dapr-kit/server.properties"); err != nil {
		t.Fatalf("%v\n%s", err, answer)
	}
	kafka := start(t, "kafka", mounts, "/opt/kafka/bin/kafka-server-start.sh", "/etc/dapr-kit/server.properties")
	rig.Eventually(t, "the broker", func() error {
		answer, err := run(t, "toolbox", kafka.beside(), "kcat", "-b", "127.0.0.1:9092", "-L", "-m", "2")
		if err != nil {
			err = fmt.Errorf("%w: %s", err, answer)
		}
		return err
	})
	create := "/opt/kafka/bin/kafka-topics.sh --bootstrap-server 127.0.0.1:9092 --create --if-not-exists --topic houses --partitions 1"
	if answer, err := run(t, "kafka", append([]string{"--tmpfs", "/tmp"}, kafka.beside()...), "sh", "-ec", create); err != nil {
		t.Fatalf("%v\n%s", err, answer)
	}

	answer, err := run(t, "toolbox", kafka.beside(), "sh", "-ec",
		`echo brick | kcat -b 127.0.0.1:9092 -P -t houses; kcat -b 127.0.0.1:9092 -C -t houses -o beginning -c 1 -q`)

	if err != nil || strings.TrimSpace(answer) != "brick" {
		t.Errorf("%v\n%s", err, answer)
	}
}

func TestDaprdIsThere(t *testing.T) {
	answer, err := run(t, "daprd", nil, "/daprd", "--version")
	if err != nil || !strings.HasPrefix(answer, "1.") {
		t.Errorf("%v\n%s", err, answer)
	}
}
