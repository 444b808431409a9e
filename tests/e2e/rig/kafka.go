package rig

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Listener is one of the doors of a broker.
type Listener string

// What a broker can listen on. Plain is always there.
const (
	Plain   Listener = "PLAINTEXT"
	SASL    Listener = "SASL"    // a user and a password, nothing encrypted
	TLS     Listener = "TLS"     // the broker shows a certificate
	MTLS    Listener = "MTLS"    // both sides show one
	SASLTLS Listener = "SASLTLS" // a user and a password behind TLS
	Proxied Listener = "PROXIED" // advertised at the proxy's address
)

var protocols = map[Listener]string{
	Plain: "PLAINTEXT", SASL: "SASL_PLAINTEXT", TLS: "SSL", MTLS: "SSL", SASLTLS: "SASL_SSL", Proxied: "PLAINTEXT",
}

// Who may log in through SASL and SASLTLS.
const (
	KafkaUser     = "alice"
	KafkaPassword = "alice-secret"
)

// KafkaOptions say what a broker is beyond a plain one.
type KafkaOptions struct {
	Variable   string     // the variable that names Kafka; KafkaVar when empty
	Listeners  []Listener // besides Plain
	Properties map[string]string
	Proxy      bool // adds Proxied, behind a Proxy

	controller string            // its own, as host:port; a free port when empty
	voters     map[string]string // controllers by node.id; itself alone when nil
	node       int               // its node.id; 1 when 0
}

// Kafka is a broker of Apache Kafka that is a cluster by itself.
type Kafka struct {
	*Process
	Proxy     *Proxy      // nil unless asked for
	Authority *Authority  // nil without TLS; has signed the broker's certificate
	Client    Certificate // of a client; with TLS

	options KafkaOptions
	folder  string
	ports   map[Listener]int
}

// StartKafka starts a plain broker and waits until it serves.
func StartKafka(t testing.TB) *Kafka { return StartKafkaWith(t, KafkaOptions{}) }

// StartKafkaWith starts a broker with further listeners and settings.
func StartKafkaWith(t testing.TB, options KafkaOptions) *Kafka {
	t.Helper()
	k := &Kafka{options: options, folder: folderWithoutComma(t), ports: map[Listener]int{Plain: port(t)}}
	for _, listener := range options.Listeners {
		k.ports[listener] = port(t)
		if strings.HasSuffix(string(listener), "TLS") && k.Authority == nil {
			k.Authority = NewAuthority(t, "kafka's authority")
			k.Client = k.Authority.Issue(t, "client", time.Now().Add(-time.Hour))
		}
	}
	if options.Proxy {
		k.ports[Proxied] = port(t)
		k.Proxy = StartProxy(t, loopback(k.ports[Proxied]))
	}
	k.configure(t)
	k.Start(t)
	return k
}

// StartCluster starts so many brokers that are one cluster, each a controller too: it outlives the
// loss of fewer than half of them. What clients are told is the address of each.
func StartCluster(t testing.TB, size int, properties map[string]string) []*Kafka {
	t.Helper()
	cluster := make([]*Kafka, size)
	voters := map[string]string{}
	for i := range cluster {
		voters[strconv.Itoa(i+1)] = loopback(port(t))
	}
	for i := range cluster {
		cluster[i] = &Kafka{
			options: KafkaOptions{Properties: properties, node: i + 1, voters: voters, controller: voters[strconv.Itoa(i+1)]},
			folder:  folderWithoutComma(t), ports: map[Listener]int{Plain: port(t)}}
		cluster[i].configure(t)
		cluster[i].launch(t)
	}
	t.Cleanup(func() { // who is left without a majority cannot go in good order
		for _, k := range cluster {
			k.Kill(t)
		}
	})
	for _, k := range cluster { // none is there before most are
		k.awaitStart(t)
	}
	return cluster
}

// Start starts the broker, or brings a stopped one back with its data and on its ports.
func (k *Kafka) Start(t testing.TB) {
	t.Helper()
	k.launch(t)
	k.awaitStart(t)
}

func (k *Kafka) launch(t testing.TB) {
	t.Helper()
	variable := k.options.Variable
	if variable == "" {
		variable = KafkaVar
	}
	args := []string{k.folder}
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
		if slices.Contains(k.options.Listeners, SASL) {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, KafkaUser, KafkaPassword))
		}
	}
	k.Process = start(t, "kafka", filepath.Join(Need(t, variable), "run.sh"), nil, args...)
	k.statusAfterTerm = 143 // what a JVM says when it was asked to end
}

func (k *Kafka) awaitStart(t testing.TB) {
	t.Helper()
	k.ready(t, func() error {
		if !strings.Contains(k.Log(), "Kafka Server started") {
			return fmt.Errorf("its log does not say that it started")
		}
		return nil
	})
}

// Pause stops the broker in its tracks: connections stay, answers do not come.
func (k *Kafka) Pause(t testing.TB) { k.Signal(t, syscall.SIGSTOP) }

// Resume lets it go on.
func (k *Kafka) Resume(t testing.TB) { k.Signal(t, syscall.SIGCONT) }

// Address is where the plain listener is, as host:port.
func (k *Kafka) Address() string { return k.At(Plain) }

// At is the address of a listener as clients use it, as host:port.
func (k *Kafka) At(listener Listener) string {
	if listener == Proxied {
		return k.Proxy.Address()
	}
	return loopback(k.ports[listener])
}

// folderWithoutComma is for log.dirs, a list with commas between; t.TempDir has the test's name in it.
func folderWithoutComma(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "dk-kafka-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func (k *Kafka) configure(t testing.TB) {
	t.Helper()
	controller, node, voters := k.options.controller, "1", k.options.voters
	if voters == nil {
		controller = loopback(port(t))
		voters = map[string]string{node: controller}
	} else {
		node = strconv.Itoa(k.options.node)
	}
	var quorum []string
	for _, id := range slices.Sorted(maps.Keys(voters)) {
		quorum = append(quorum, id+"@"+voters[id])
	}
	properties := map[string]string{
		"node.id":                        node,
		"controller.quorum.voters":       strings.Join(quorum, ","),
		"controller.listener.names":      "CONTROLLER",
		"inter.broker.listener.name":     string(Plain),
		"listeners":                      "CONTROLLER://" + controller,
		"listener.security.protocol.map": "CONTROLLER:PLAINTEXT",
	}
	var advertised []string
	for _, listener := range slices.Sorted(maps.Keys(k.ports)) {
		properties["listeners"] += fmt.Sprintf(",%s://%s", listener, loopback(k.ports[listener]))
		properties["listener.security.protocol.map"] += fmt.Sprintf(",%s:%s", listener, protocols[listener])
		advertised = append(advertised, fmt.Sprintf("%s://%s", listener, k.At(listener)))
	}
	properties["advertised.listeners"] = strings.Join(advertised, ",")
	if k.Authority != nil {
		server := k.Authority.Issue(t, "localhost", time.Now().Add(-time.Hour), "localhost", "127.0.0.1")
		maps.Copy(properties, map[string]string{
			"ssl.keystore.type": "PEM", "ssl.truststore.type": "PEM",
			"ssl.keystore.location":              k.write(t, "server.pem", server.Key+server.PEM+k.Authority.PEM),
			"ssl.truststore.location":            k.write(t, "authority.pem", k.Authority.PEM),
			"listener.name.mtls.ssl.client.auth": "required",
		})
	}
	for _, listener := range []string{"sasl", "sasltls"} {
		const modules = "org.apache.kafka.common.security."
		prefix := "listener.name." + listener + "."
		properties["sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"
		properties[prefix+"plain.sasl.jaas.config"] = fmt.Sprintf(
			`%splain.PlainLoginModule required user_%s="%s";`, modules, KafkaUser, KafkaPassword)
		properties[prefix+"scram-sha-256.sasl.jaas.config"] = modules + "scram.ScramLoginModule required;"
		properties[prefix+"scram-sha-512.sasl.jaas.config"] = modules + "scram.ScramLoginModule required;"
	}
	maps.Copy(properties, k.options.Properties)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		fmt.Fprintf(&text, "%s=%s\n", name, properties[name])
	}
	k.write(t, "node.properties", text.String())
}

// write puts a file into the broker's folder, and gives its path.
func (k *Kafka) write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(k.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
