// Package peer serves a built-in component of Dapr as a pluggable one in Go: what the benchmarks hold
// our programs against, in the same run on the same core.
//
// The adapters are as thin as they can be: grpc-go without interceptors, one instance for each
// x-component-instance, the built-in's own code behind each call. Each built-in has a program of
// its own, so that its memory is its own.
package peer

import (
	"context"
	"log"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
)

const instanceKey = "x-component-instance"

// Instances are the built-ins by the name of their Component.
type Instances[T any] struct {
	mutex  sync.RWMutex
	byName map[string]T
}

// NameOf is the instance that a call is for.
func NameOf(ctx context.Context) string {
	if values := metadata.ValueFromIncomingContext(ctx, instanceKey); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Put keeps the instance of a call's Init.
func (i *Instances[T]) Put(ctx context.Context, instance T) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.byName == nil {
		i.byName = map[string]T{}
	}
	i.byName[NameOf(ctx)] = instance
}

// Find gives the instance that a call is for.
func (i *Instances[T]) Find(ctx context.Context) (T, error) {
	name := NameOf(ctx)
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	instance, ok := i.byName[name]
	if !ok {
		return instance, status.Errorf(codes.FailedPrecondition, "instance '%s' is not initialised", name)
	}
	return instance, nil
}

// TextOf is an optional text as the built-ins want it.
func TextOf(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Serve is the whole life of the program; its one argument is the socket.
func Serve(register func(*grpc.Server)) {
	if len(os.Args) != 2 {
		log.Fatalf("usage: %s SOCKET", os.Args[0])
	}
	// A socket of an earlier run; anything else in the way is for Listen to report.
	if info, err := os.Lstat(os.Args[1]); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(os.Args[1]); err != nil {
			log.Fatal(err)
		}
	}
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	register(server)
	reflection.Register(server)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		server.Stop()
	}()
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}
