// Package ext takes the place of a module that Traefik keeps in its own tree and so cannot be required: what a
// distributor of Traefik may add to HTTP configurations and to routers. Nothing, here.
package ext

// HTTP adds nothing to a configuration of HTTP.
type HTTP struct{}

// Router adds nothing to a router.
type Router struct{}
