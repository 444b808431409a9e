package rig

import (
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/status"
)

// Collector is a server that takes any call, as an OTLP collector takes spans, and does with it what the test wants.
type Collector struct {
	Endpoint string       // as OTEL_EXPORTER_OTLP_ENDPOINT says it
	Calls    atomic.Int64 // that came
}

// How a collector answers.
type CollectorMood int

const (
	Content CollectorMood = iota // takes what comes
	Failing                      // says each time that it is unavailable
	Silent                       // takes it and never answers
)

// StartCollector starts one that ends with the test.
func StartCollector(t testing.TB, mood CollectorMood) *Collector {
	t.Helper()
	at := port(t)
	listener, err := net.Listen("tcp", loopback(at))
	if err != nil {
		t.Fatal(err)
	}
	c := &Collector{Endpoint: "http://" + loopback(at)}
	server := grpc.NewServer(grpc.ForceServerCodec(rawCodec{}), grpc.MaxRecvMsgSize(64<<20),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			var message []byte
			if err := stream.RecvMsg(&message); err != nil && err != io.EOF {
				return err
			}
			c.Calls.Add(1)
			switch mood {
			case Failing:
				return status.Error(codes.Unavailable, "the collector is out of order")
			case Silent:
				<-stream.Context().Done()
				return stream.Context().Err()
			}
			return stream.SendMsg(&[]byte{})
		}))
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return c
}

// AbsentCollector is an endpoint where nobody listens.
func AbsentCollector(t testing.TB) string { return "http://" + loopback(port(t)) }

// rawCodec leaves messages as they are: an answer without bytes is an empty message of any kind.
type rawCodec struct{}

var _ encoding.Codec = rawCodec{}

func (rawCodec) Marshal(message any) ([]byte, error) {
	bytes, ok := message.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("%T is no bytes", message)
	}
	return *bytes, nil
}

func (rawCodec) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

func (rawCodec) Name() string { return "raw" }
