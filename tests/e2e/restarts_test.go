package e2e

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dapr-kit.test/e2e/rig"
)

func TestDaprdKilledAndRestarted(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		w := start(t, s)
		must(t, w.grpc().save(soon(t), "store", item{key: "k", value: "1"}))
		etag := mustGet(t, w.grpc(), "store", "k").etag

		w.daprd.Kill(t)
		w.daprd.Start()

		if inRedis(s) {
			must(t, w.http().save(soon(t), "store", item{key: "k", value: "2", etag: etag}))
			holds(t, w.http(), "store", "k", "2")
		} else {
			// Init for a known instance replaces it, and memory ends with its instance.
			holds(t, w.http(), "store", "k", "")
		}
		must(t, w.http().save(soon(t), "other", item{key: "k", value: "3"}))
		holds(t, w.http(), "other", "k", "3")
	}, every)
}

// daprd connects again to a component that came back, but does not open its instances again. The
// component cannot know their settings, so it says what is the matter until daprd is restarted.
func TestComponentKilledAndRestarted(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		sockets := rig.SocketFolder(t)
		var redis *rig.Redis
		if inRedis(s) {
			redis = rig.StartServer(t, s.server)
		}
		program := rig.StartComponent(t, s.program, s.program, sockets)
		d := rig.StartDaprd(t, s.daprd, appID, sockets, s.document("store", redis, nil))
		api := grpcAPI{d.API}
		must(t, api.save(soon(t), "store", item{key: "k", value: "1"}))

		program.Kill(t)
		if err := api.save(soon(t), "store", item{key: "k", value: "2"}); err == nil {
			t.Error("a write without a component was acknowledged")
		}
		rig.StartComponent(t, s.program, s.program, sockets)

		rig.Eventually(t, "daprd's connection to the component", func() error {
			_, err := api.get(soon(t), "store", "k")
			var r *refusal
			if errors.As(err, &r) && strings.Contains(r.text, "'store'") {
				return nil // the component's own words
			}
			return fmt.Errorf("got %v", err)
		})
		if err := api.save(soon(t), "store", item{key: "k", value: "3"}); err == nil {
			t.Error("a write to an instance that nobody opened was acknowledged")
		}

		d.Stop(t)
		d.Start()

		want := ""
		if inRedis(s) {
			want = "1"
		}
		holds(t, api, "store", "k", want)
		must(t, api.save(soon(t), "store", item{key: "k", value: "4"}))
		holds(t, api, "store", "k", "4")
	}, ofOurs)
}

// With --restart-sidecar a component that comes back sees that it has lived before, and has daprd shut
// down: its supervisor, here the test, starts it anew, and everything is open again.
func TestComponentHasItsSidecarStartedAnew(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		sockets := rig.SocketFolder(t)
		var redis *rig.Redis
		if inRedis(s) {
			redis = rig.StartServer(t, s.server)
		}
		d := rig.NewDaprd(t, s.daprd, appID, sockets, s.document("store", redis, nil))
		program := rig.StartBeside(t, d, s.program, s.program, sockets)
		d.Start()
		api := grpcAPI{d.API}
		must(t, api.save(soon(t), "store", item{key: "k", value: "1"}))
		if strings.Contains(program.Log(), "an earlier life") {
			t.Errorf("a first life found one before:\n%s", program.Log())
		}

		for life := range 2 {
			program.Kill(t)
			since := time.Now()
			program = rig.StartBeside(t, d, s.program, s.program, sockets)
			if err := d.WaitForEnd(t); err != nil {
				t.Errorf("daprd ended with %v", err)
			}
			d.Start()
			must(t, api.save(soon(t), "store", item{key: "k", value: fmt.Sprint(life)}))
			holds(t, api, "store", "k", fmt.Sprint(life))
			t.Logf("%s: from the kill to the next write %v", s.name, time.Since(since).Round(time.Millisecond))
		}

		// daprd starts anew by itself: nobody has to tell it.
		d.Kill(t)
		program.Kill(t)
		program = rig.StartBeside(t, d, s.program, s.program, sockets)
		program.WaitForLog(t, "the sidecar cannot be asked to start anew yet")
		d.Start()
		program.WaitForLog(t, "the sidecar has started anew by itself")
		must(t, api.save(soon(t), "store", item{key: "k", value: "3"}))
	}, ofOurs)
}

// A component waits for the answers that its callers still read, not for their idle connections:
// daprd keeps one for each instance, and goes when it is told.
func TestComponentStopsBesideAnIdleDaprd(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		sockets := rig.SocketFolder(t)
		var redis *rig.Redis
		if inRedis(s) {
			redis = rig.StartServer(t, s.server)
		}
		program := rig.StartComponent(t, s.program, s.program, sockets, "--drain-timeout", "10m")
		d := rig.StartDaprd(t, s.daprd, appID, sockets, s.document("store", redis, nil))
		must(t, grpcAPI{d.API}.save(soon(t), "store", item{key: "k", value: "1"}))

		program.Stop(t) // insists on an end long before 10m
	}, ofOurs)
}

// Two sidecars may share a socket. Where they give an instance the same name, the later one opens it
// anew for both; with the same settings neither notices.
func TestTwoDaprdsOnOneSocket(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		sockets := rig.SocketFolder(t)
		server := rig.StartServer(t, s.server)
		rig.StartComponent(t, s.program, s.program, sockets)
		first := rig.StartDaprd(t, s.daprd, "first", sockets,
			s.document("shared", server, nil), s.document("first", server, nil))
		must(t, grpcAPI{first.API}.save(soon(t), "shared", item{key: "k", value: "1"}))

		stop := make(chan struct{})
		var writing sync.WaitGroup
		writing.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				key := fmt.Sprintf("k%d", i%100)
				if err := (grpcAPI{first.API}).save(soon(t), "shared", item{key: key, value: fmt.Sprint(i)}); err != nil {
					t.Errorf("a write while the instance was opened again: %v", err)
					return
				}
			}
		})
		second := rig.StartDaprd(t, s.daprd, "second", sockets,
			s.document("shared", server, nil), s.document("second", server, nil))
		close(stop)
		writing.Wait()

		holds(t, grpcAPI{first.API}, "shared", "k", "1")
		holds(t, grpcAPI{second.API}, "shared", "k", "")
		for name, d := range map[string]*rig.Daprd{"first": first, "second": second} {
			must(t, grpcAPI{d.API}.save(soon(t), "shared", item{key: "k", value: name}))
			must(t, grpcAPI{d.API}.save(soon(t), name, item{key: "own", value: name}))
		}
		for name, d := range map[string]*rig.Daprd{"first": first, "second": second} {
			holds(t, httpAPI{d.URL}, "shared", "k", name)
			holds(t, httpAPI{d.URL}, name, "own", name)
		}
	}, func(s subject) bool { return ofOurs(s) && inRedis(s) })
}
