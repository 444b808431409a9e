package main

import (
	"context"
	"fmt"

	"github.com/dapr/components-contrib/nameresolution"
	"github.com/dapr/kit/logger"
)

// static resolves app ids by a table in the Configuration document and, unlike mDNS, sends nothing
// on the network. spec.nameResolution.configuration maps an app id to host:port, the port being the
// peer's --dapr-internal-grpc-port.
type static struct{ peers map[string]string }

func newStatic(logger.Logger) nameresolution.Resolver { return &static{peers: map[string]string{}} }

func (s *static) Init(_ context.Context, m nameresolution.Metadata) error {
	if m.Configuration == nil { // a lone daprd has no peers
		return nil
	}
	table, ok := m.Configuration.(map[string]any)
	if !ok {
		return fmt.Errorf("static: spec.nameResolution.configuration is a %T, want app id: host:port", m.Configuration)
	}
	for id, address := range table {
		s.peers[id] = fmt.Sprint(address)
	}
	return nil
}

func (s *static) ResolveID(_ context.Context, r nameresolution.ResolveRequest) (string, error) {
	if address := s.peers[r.ID]; address != "" {
		return address, nil
	}
	return "", fmt.Errorf("static: app id '%s' is not in spec.nameResolution.configuration", r.ID)
}

func (s *static) Close() error { return nil }
