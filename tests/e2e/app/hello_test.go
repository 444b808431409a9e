package app

import (
	"testing"

	"dapr-kit.test/e2e/rig"
)

// The program of the page for newcomers, as it stands there.
func TestTheApplicationOfTheDocumentation(t *testing.T) {
	t.Parallel()
	hello := rig.NewApplication(t, "dk-hello")
	hello.Start()
	daprd := sidecar(t, hello, "grpc")
	daprd.Start()

	if got := invoke(t, daprd, "GET", "greet/Ada", ""); got.status != 200 || got.body != `{"text":"Hello, Ada!"}` {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := invoke(t, daprd, "GET", "greet?name=", ""); got.status != 404 {
		t.Errorf("%d %s", got.status, got.body)
	}
}
