package rig

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is a redis-server, or a valkey-server, that writes every change to disk before it answers, so that what it has
// acknowledged outlives it.
type Redis struct {
	*Process
	Client  *redis.Client // asks the server itself, past daprd
	program string        // the variable that names it
	port    int
	folder  string
	extra   []string
}

// StartRedis starts a server; extra are further arguments of redis-server.
func StartRedis(t testing.TB, extra ...string) *Redis {
	t.Helper()
	return startRedis(t, RedisServerVar, nil, extra)
}

// StartServer starts a server of the kind that a variable names: RedisServerVar or ValkeyServerVar.
func StartServer(t testing.TB, variable string) *Redis {
	t.Helper()
	return startRedis(t, variable, nil, nil)
}

// StartRedisTLS starts a server that speaks TLS alone. It wants a certificate from clients that
// clients has signed; with nil, any client may come.
func StartRedisTLS(t testing.TB, own Certificate, clients *Authority) *Redis {
	t.Helper()
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args := []string{"--tls-cert-file", write("own.pem", own.PEM), "--tls-key-file", write("own.key", own.Key)}
	if clients == nil {
		return startRedis(t, RedisServerVar, own.client(t), append(args, "--tls-auth-clients", "no"))
	}
	args = append(args, "--tls-auth-clients", "yes", "--tls-ca-cert-file", write("clients.pem", clients.PEM))
	return startRedis(t, RedisServerVar, clients.Issue(t, "the rig", time.Now()).client(t), args)
}

func startRedis(t testing.TB, variable string, security *tls.Config, extra []string) *Redis {
	t.Helper()
	r := &Redis{program: variable, port: port(t), folder: t.TempDir(), extra: extra}
	if security != nil {
		r.extra = append([]string{"--port", "0", "--tls-port", strconv.Itoa(r.port)}, extra...)
	}
	r.Client = redis.NewClient(&redis.Options{Addr: r.Address(), MaxRetries: -1, TLSConfig: security})
	t.Cleanup(func() { r.Client.Close() })
	r.Start(t)
	return r
}

// Start brings a killed server back, with its data and on its port.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	r.launch(t)
	r.Ready(t)
}

// StartLoading brings a killed server back that takes a while for every command it has to load, and
// returns as soon as it says that it loads.
func (r *Redis) StartLoading(t testing.TB, each time.Duration) {
	t.Helper()
	r.launch(t, "--key-load-delay", strconv.FormatInt(each.Microseconds(), 10),
		"--loading-process-events-interval-bytes", "1024")
	r.ready(t, func() error {
		err := r.Client.Ping(context.Background()).Err()
		if err != nil && strings.HasPrefix(err.Error(), "LOADING") {
			return nil
		}
		return fmt.Errorf("it does not load: %v", err)
	})
}

// Ready waits until the server answers.
func (r *Redis) Ready(t testing.TB) {
	t.Helper()
	r.ready(t, func() error {
		err := r.Client.Ping(context.Background()).Err()
		if err != nil && strings.HasPrefix(err.Error(), "NOAUTH") {
			return nil // it answers, and Client was given no password
		}
		return err
	})
}

func (r *Redis) launch(t testing.TB, further ...string) {
	t.Helper()
	args := append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(r.port), "--dir", r.folder,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--databases", "4",
	}, r.extra...)
	r.Process = start(t, filepath.Base(Need(t, r.program)), Need(t, r.program), nil, append(args, further...)...)
}

// Pause stops the server in its tracks: connections stay, answers do not come.
func (r *Redis) Pause(t testing.TB) { r.Signal(t, syscall.SIGSTOP) }

// Resume lets it go on.
func (r *Redis) Resume(t testing.TB) { r.Signal(t, syscall.SIGCONT) }

// Address is host:port.
func (r *Redis) Address() string { return loopback(r.port) }
