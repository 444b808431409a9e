// Package ecs takes the place of Traefik's provider for a cloud's containers, which would bring that vendor's
// whole API along.
package ecs

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

// ProviderName is what a configuration calls it by.
const ProviderName = "ecs"

// Provider has no settings, for it cannot be used.
type Provider struct{}

// SetDefaults has nothing to set.
func (p *Provider) SetDefaults() {}

// Init refuses a configuration that names this provider.
func (p *Provider) Init() error { return errors.New("ecs: this Traefik is built without this provider") }

// Provide is not reached.
func (p *Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return p.Init() }
