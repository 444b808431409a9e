// Command peers serves Dapr's built-in state.redis and pubsub.kafka as a pluggable component in Go:
// what the benchmarks hold our programs against, in the same run on the same core.
//
// The adapters are as thin as they can be: grpc-go without interceptors, one instance for each
// x-component-instance, the built-in's own code behind each call. A component made with Dapr's SDK
// for Go does this work and some more.
//
//	peers SOCKET
package main

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

	components "github.com/dapr/dapr/pkg/proto/components/v1"
)

const instanceKey = "x-component-instance"

// instances are the built-ins by the name of their Component.
type instances[T any] struct {
	mutex  sync.RWMutex
	byName map[string]T
}

func nameOf(ctx context.Context) string {
	if values := metadata.ValueFromIncomingContext(ctx, instanceKey); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (i *instances[T]) put(ctx context.Context, instance T) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	if i.byName == nil {
		i.byName = map[string]T{}
	}
	i.byName[nameOf(ctx)] = instance
}

func (i *instances[T]) find(ctx context.Context) (T, error) {
	name := nameOf(ctx)
	i.mutex.RLock()
	defer i.mutex.RUnlock()
	instance, ok := i.byName[name]
	if !ok {
		return instance, status.Errorf(codes.FailedPrecondition, "instance '%s' is not initialised", name)
	}
	return instance, nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: peers SOCKET")
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
	state := &stateServer{}
	components.RegisterStateStoreServer(server, state)
	components.RegisterTransactionalStateStoreServer(server, state)
	components.RegisterPubSubServer(server, &pubsubServer{})
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
