package app

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	common "github.com/dapr/dapr/pkg/proto/common/v1"
	runtime "github.com/dapr/dapr/pkg/proto/runtime/v1"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// startWithScheduler starts a probe and its daprd beside Dapr's scheduler.
func startWithScheduler(t *testing.T) (*rig.Application, *rig.Daprd) {
	t.Helper()
	scheduler := rig.StartScheduler(t)
	probe := rig.NewApplication(t, "dk-probe")
	daprd := sidecar(t, probe, "grpc")
	daprd.Add("--scheduler-host-address", scheduler)
	probe.Setenv("DAPR_GRPC_PORT", fmt.Sprint(daprd.GRPCPort))
	probe.Start()
	daprd.Start()
	return probe, daprd
}

// plan asks the probe to plan a job by its SDK.
func plan(t *testing.T, daprd *rig.Daprd, name, job string) answer {
	t.Helper()
	return invoke(t, daprd, "PUT", "jobs/"+name, job, "content-type", "application/json")
}

// until waits until a note was made so often, and gives the notes of then.
func until(t *testing.T, daprd *rig.Daprd, note string, times int) (have []string) {
	t.Helper()
	rig.Eventually(t, note, func() error {
		if have = notes(t, daprd); count(have, note) < times {
			return fmt.Errorf("%d of %d: %q", count(have, note), times, have)
		}
		return nil
	})
	return have
}

// mark plans a job that is due at once and waits for it: whatever was due before has had its time.
func mark(t *testing.T, daprd *rig.Daprd, name string) []string {
	t.Helper()
	if got := plan(t, daprd, "work-"+name, `{"dueTime":"2s","data":"mark"}`); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	return until(t, daprd, "work-"+name+" mark", 1)
}

func TestAJobThatTheApplicationPlannedComesToItsHandler(t *testing.T) {
	t.Parallel()
	_, daprd := startWithScheduler(t)

	got := plan(t, daprd, "work-a", `{"schedule":"@every 1s","repeats":2,"data":"do it","retryMs":"250","retries":3}`)

	if got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	kept := invoke(t, daprd, "GET", "jobs/work-a", "")
	for _, part := range []string{`"name":"work-a"`, `"schedule":"@every 1s"`, `"data":"do it"`, `"repeats":2`, `"retryMs":"250"`, `"retries":3`} {
		if !strings.Contains(kept.body, part) {
			t.Errorf("%s is not in %d %s", part, kept.status, kept.body)
		}
	}
	until(t, daprd, "work-a do it", 2)
	if have := mark(t, daprd, "after-a"); count(have, "work-a do it") != 2 {
		t.Errorf("a job for two runs: %q", have)
	}
}

func TestAJobOfDaprdsOwnAPIsComesWithItsData(t *testing.T) {
	t.Parallel()
	_, daprd := startWithScheduler(t)
	due := "0s"

	data, err := anypb.New(wrapperspb.String("typed"))
	if err == nil {
		_, err = daprd.API.ScheduleJobAlpha1(patient(t), &runtime.ScheduleJobRequest{ //nolint:staticcheck // what older clients call
			Job: &runtime.Job{Name: "work-grpc", DueTime: &due, Data: data}})
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := rig.Ask(patient(t), http.DefaultClient, "POST", daprd.URL+"/v1.0-alpha1/jobs/work-http", `{"dueTime":"0s","data":{"n":1}}`,
		"content-type", "application/json")
	if err != nil || got.Status/100 != 2 {
		t.Fatalf("%v %v", got, err)
	}

	awaitNotes(t, daprd, "work-grpc \n\x05typed", `work-http {"n":1}`)
}

// What fails is tried again as its policy says, and no oftener; what the handler calls NOT_FOUND is done.
func TestAFailedRunFollowsItsPolicy(t *testing.T) {
	t.Parallel()
	_, daprd := startWithScheduler(t)
	for name, job := range map[string]string{
		"work-again":  `{"dueTime":"0s","data":"refuse","retryMs":"100","retries":5}`,
		"work-once":   `{"dueTime":"0s","data":"refuse"}`,
		"work-gone":   `{"dueTime":"0s","data":"drop","retryMs":"100","retries":5}`,
		"report-june": `{"dueTime":"0s","data":"x","retryMs":"100","retries":2}`,
	} {
		if got := plan(t, daprd, name, job); got.status != 200 {
			t.Fatalf("%s: %d %s", name, got.status, got.body)
		}
	}

	until(t, daprd, "work-again refuse", 2)
	until(t, daprd, "report report-june", 3)
	have := mark(t, daprd, "after")

	for note, want := range map[string]int{
		"work-again refuse":  2, // the second run is good
		"work-once refuse":   1, // dropped
		"work-gone drop":     1, // done, for there is nothing left to do
		"report report-june": 3, // the first and two more
	} {
		if count(have, note) != want {
			t.Errorf("%q: %d times instead of %d", note, count(have, note), want)
		}
	}
}

func TestANameThatIsTakenIsKeptUnlessOneSaysOtherwise(t *testing.T) {
	t.Parallel()
	_, daprd := startWithScheduler(t)
	if got := plan(t, daprd, "work-a", `{"dueTime":"1h","data":"first"}`); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}

	if got := plan(t, daprd, "work-a", `{"dueTime":"1h","data":"second"}`); got.status != 400 || !strings.Contains(got.body, "already exists") {
		t.Errorf("again: %d %s", got.status, got.body)
	}
	if got := plan(t, daprd, "work-a", `{"dueTime":"2h","data":"third","overwrites":true}`); got.status != 200 {
		t.Errorf("over it: %d %s", got.status, got.body)
	}
	if got := invoke(t, daprd, "GET", "jobs/work-a", ""); !strings.Contains(got.body, `"dueTime":"2h"`) {
		t.Errorf("%s", got.body)
	}
	for range 2 {
		if got := invoke(t, daprd, "DELETE", "jobs/work-a", ""); got.status != 200 {
			t.Errorf("delete: %d %s", got.status, got.body)
		}
	}
	if got := invoke(t, daprd, "GET", "jobs/work-a", ""); got.status/100 == 2 || !strings.Contains(got.body, "not found") {
		t.Errorf("of one that is not there: %d %s", got.status, got.body)
	}
	if got := plan(t, daprd, "work-b", `{"schedule":"now and then"}`); got.status/100 == 2 || !strings.Contains(got.body, "now and then") {
		t.Errorf("a schedule that is none: %d %s", got.status, got.body)
	}
}

// The scheduler keeps a job that nobody is there for, and brings it when somebody is.
func TestAJobOutlivesItsApplication(t *testing.T) {
	t.Parallel()
	probe, daprd := startWithScheduler(t)
	interval := durationpb.New(200_000_000)
	for name, schedule := range map[string]string{"work-late": "", "work-often": "@every 1s"} {
		job := &runtime.Job{Name: name, Data: &anypb.Any{TypeUrl: "text/plain", Value: []byte("x")},
			FailurePolicy: &common.JobFailurePolicy{Policy: &common.JobFailurePolicy_Constant{
				Constant: &common.JobFailurePolicyConstant{Interval: interval}}}}
		if due := "1s"; schedule == "" {
			job.DueTime = &due
		} else {
			job.Schedule = &schedule
		}
		if _, err := daprd.API.ScheduleJobAlpha1(patient(t), &runtime.ScheduleJobRequest{Job: job}); err != nil { //nolint:staticcheck
			t.Fatal(err)
		}
	}

	probe.Kill(t)
	rig.Eventually(t, "a run without the application", func() error {
		if !strings.Contains(daprd.Log(), "work-late") {
			return fmt.Errorf("daprd has not tried work-late")
		}
		return nil
	})
	probe.Start()

	until(t, daprd, "work-late x", 1)
	until(t, daprd, "work-often x", 2)
	if have := mark(t, daprd, "after"); count(have, "work-late x") != 1 {
		t.Errorf("%q", have)
	}
}

// Without a scheduler a plan ends in a word, not in a job.
func TestWithoutASchedulerAPlanSaysSo(t *testing.T) {
	t.Parallel()
	probe := rig.NewApplication(t, "dk-probe")
	daprd := sidecar(t, probe, "grpc")
	probe.Setenv("DAPR_GRPC_PORT", fmt.Sprint(daprd.GRPCPort))
	probe.Start()
	daprd.Start()

	got := plan(t, daprd, "work-a", `{"dueTime":"1s"}`)

	var said struct{ Message string }
	if err := json.Unmarshal([]byte(got.body), &said); err != nil || got.status/100 != 5 || !strings.Contains(said.Message, "scheduler") {
		t.Errorf("%d %s", got.status, got.body)
	}
}
