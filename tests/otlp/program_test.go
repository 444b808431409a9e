package otlp

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	components "github.com/dapr/dapr/pkg/proto/components/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"dapr-kit.test/e2e/rig"
)

const (
	component = "traced"
	setName   = "dapr.proto.components.v1.StateStore/Set"
	traceID   = "0af7651916cd43dd8448eb211c80319c"
	spanID    = "b7ad6b7169203331"
	parent    = "00-" + traceID + "-" + spanID + "-01"
)

// program is a store of ours with one component, and what it logs.
type program struct {
	t       *testing.T
	command *exec.Cmd
	store   components.StateStoreClient
	ended   chan error

	mutex sync.Mutex
	log   strings.Builder
}

func (p *program) logged() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.log.String()
}

// start runs dk-memory with the variables and words; it ends with the test.
func start(t *testing.T, name string, environment []string, options ...string) *program {
	t.Helper()
	p, path := run(t, name, environment, append([]string{"--socket-dir", t.TempDir()}, options...)...)
	p.dial(path)
	return p
}

// run starts a program of ours and gives the path of its socket.
func run(t *testing.T, name string, environment []string, options ...string) (*program, string) {
	t.Helper()
	bin := rig.Need(t, rig.BinVar)
	p := &program{t: t, ended: make(chan error, 1)}
	p.command = exec.Command(filepath.Join(bin, name), options...)
	p.command.Env = append(os.Environ(), environment...)
	output, err := p.command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(output); lines.Scan(); {
			p.mutex.Lock()
			p.log.WriteString(lines.Text() + "\n")
			p.mutex.Unlock()
			if path := readyPath(lines.Text()); path != "" {
				ready <- path
			}
		}
		p.ended <- p.command.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill()
		<-p.ended
	})
	select {
	case path := <-ready:
		return p, path
	case <-time.After(patience):
		t.Fatalf("no socket within %v:\n%s", patience, p.logged())
	}
	return nil, ""
}

// readyPath is the socket that a line, of either format, tells of.
func readyPath(line string) string {
	if _, rest, is := strings.Cut(line, `msg="socket is ready" path=`); is {
		return strings.Fields(rest)[0]
	}
	var fields struct{ Msg, Path string }
	if json.Unmarshal([]byte(line), &fields) == nil && fields.Msg == "socket is ready" {
		return fields.Path
	}
	return ""
}

// dial opens a component with these properties, name and value in turn.
func (p *program) dial(path string, properties ...string) {
	p.t.Helper()
	connection, err := grpc.NewClient("unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, request, answer any, connection *grpc.ClientConn,
			invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
			return invoke(metadata.AppendToOutgoingContext(ctx, "x-component-instance", component), method, request, answer,
				connection, options...)
		}))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = connection.Close() })
	p.store = components.NewStateStoreClient(connection)
	asked := map[string]string{}
	for i := 0; i+1 < len(properties); i += 2 {
		asked[properties[i]] = properties[i+1]
	}
	if _, err := p.store.Init(p.context(), &components.InitRequest{Metadata: &components.MetadataRequest{Properties: asked}}); err != nil {
		p.t.Fatalf("Init: %v\n%s", err, p.logged())
	}
}

func (p *program) context(headers ...string) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	p.t.Cleanup(cancel)
	return metadata.AppendToOutgoingContext(ctx, headers...)
}

// set stores a value and gives the time that took.
func (p *program) set(ctx context.Context, pairs map[string]string) time.Duration {
	p.t.Helper()
	begin := time.Now()
	if _, err := p.store.Set(ctx, &components.SetRequest{Key: "key", Value: []byte("value"), Metadata: pairs}); err != nil {
		p.t.Fatalf("Set: %v\n%s", err, p.logged())
	}
	return time.Since(begin)
}

// stop ends it by SIGTERM and gives the time that took.
func (p *program) stop() time.Duration {
	p.t.Helper()
	begin := time.Now()
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		if err != nil {
			p.t.Fatalf("%v\n%s", err, p.logged())
		}
	case <-time.After(patience):
		p.t.Fatalf("still there %v after SIGTERM:\n%s", patience, p.logged())
	}
	return time.Since(begin)
}

// at are the variables of a collector in the clear that is told at once.
func at(address string, more ...string) []string {
	return append([]string{fmt.Sprintf("OTEL_EXPORTER_OTLP_ENDPOINT=http://%s", address), "OTEL_BSP_SCHEDULE_DELAY=50"}, more...)
}
