// Command peer answers Ping with grpc-go on a Unix socket: the measure that the benchmark holds
// our own transport against, in the same run on the same core.
package main

import (
	"context"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"

	components "github.com/dapr/dapr/pkg/proto/components/v1"
)

type store struct {
	components.UnimplementedStateStoreServer
}

func (store) Ping(context.Context, *components.PingRequest) (*components.PingResponse, error) {
	return &components.PingResponse{}, nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: peer SOCKET")
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
	components.RegisterStateStoreServer(server, store{})
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
