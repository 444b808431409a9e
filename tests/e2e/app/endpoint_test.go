package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const tokenOfDaprd = "a-token-of-the-sidecar"

// terminated starts a daprd and a TLS terminator before it, under a certificate for hosts; and gives
// the terminator and a file with the authority to trust.
func terminated(t *testing.T, hosts ...string) (*rig.Proxy, string) {
	t.Helper()
	daprd := rig.NewDaprd(t, rig.DaprdVar, appID, "")
	daprd.Setenv("DAPR_API_TOKEN", tokenOfDaprd)
	daprd.Start()
	authority := rig.NewAuthority(t, "authority")
	proxy := rig.StartTLSProxy(t, fmt.Sprint("127.0.0.1:", daprd.GRPCPort), authority.Issue(t, "daprd", time.Now(), hosts...))
	return proxy, write(t, rig.Certificate{PEM: authority.PEM}).certificate
}

// askBy starts a probe with this endpoint and authority, and has it ask its sidecar something.
func askBy(t *testing.T, endpoint, authority string) error {
	t.Helper()
	probe := rig.NewApplication(t, "dk-probe")
	probe.Setenv("DAPR_GRPC_ENDPOINT", endpoint)
	probe.Setenv("DAPR_API_TOKEN", tokenOfDaprd)
	if authority != "" {
		probe.Setenv("DAPR_GRPC_TLS_CA_PATH", authority)
	}
	probe.Start()
	direct := dial(t, probe.Address(), nil)
	_, err := learn(t, direct, direct).call(patient(t), "Kept", `{"key":"a"}`)
	return err
}

// reached tells whether an error is daprd's own: this one has no state store.
func reached(err error) bool {
	return err != nil && strings.Contains(err.Error(), "state store")
}

func TestASidecarBehindTLSIsAskedByTheRightAuthority(t *testing.T) {
	t.Parallel()
	proxy, authority := terminated(t, "127.0.0.1", "localhost")
	byName := strings.Replace(proxy.Address(), "127.0.0.1", "localhost", 1)
	for _, endpoint := range []string{
		"https://" + proxy.Address(), "https://" + byName, "grpcs://" + byName, "dns:" + byName + "?tls=true"} {
		if err := askBy(t, endpoint, authority); !reached(err) {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

// unreached insists on UNAVAILABLE with words.
func unreached(t *testing.T, err error, words ...string) {
	t.Helper()
	if status.Code(err) != codes.Unavailable {
		t.Errorf("%v", err)
	}
	for _, word := range words {
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q is not in %v", word, err)
		}
	}
}

func TestATLSFaultIsNamed(t *testing.T) {
	t.Parallel()
	proxy, authority := terminated(t, "localhost")
	endpoint := "https://" + proxy.Address() // which the certificate does not name
	byName := "https://" + strings.Replace(proxy.Address(), "127.0.0.1", "localhost", 1)
	stranger := write(t, rig.Certificate{PEM: rig.NewAuthority(t, "stranger").PEM}).certificate

	t.Run("another authority", func(t *testing.T) {
		unreached(t, askBy(t, byName, stranger), "no sidecar answers", "certificate", "DAPR_GRPC_TLS_CA_PATH")
	})
	t.Run("the machine's authorities", func(t *testing.T) {
		unreached(t, askBy(t, byName, ""), "no sidecar answers", "certificate", "DAPR_GRPC_TLS_CA_PATH")
	})
	t.Run("another name", func(t *testing.T) {
		unreached(t, askBy(t, endpoint, authority), "no sidecar answers", "127.0.0.1", "certificate", "name")
	})
	t.Run("no TLS there", func(t *testing.T) {
		daprd := rig.StartDaprd(t, rig.DaprdVar, appID, "")
		unreached(t, askBy(t, fmt.Sprint("https://127.0.0.1:", daprd.GRPCPort), authority), "no sidecar answers", "TLS")
	})
}

// A file that cannot be used is said at the start, by the name of its variable.
func TestAnAuthorityThatCannotBeReadEndsTheProgram(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{empty, filepath.Join(t.TempDir(), "nowhere.pem")} {
		probe := rig.NewApplication(t, "dk-probe")
		probe.Setenv("DAPR_GRPC_ENDPOINT", "https://localhost:1")
		probe.Setenv("DAPR_GRPC_TLS_CA_PATH", path)
		probe.Launch()
		if err := probe.WaitForEnd(t); err == nil || !strings.Contains(probe.Log(), path) || !strings.Contains(probe.Log(), "DAPR_GRPC_TLS_CA_PATH") {
			t.Errorf("%s: %v %s", path, err, probe.Log())
		}
	}
}
