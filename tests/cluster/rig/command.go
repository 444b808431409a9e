// Package rig is what tests of the chart on a cluster share: Helm, kubectl, and what a release is made of.
//
// The tests run inside the network of a cluster that ./dev has brought up: KUBECONFIG says where it is, helm and
// kubectl are on PATH, HELM3 and CHART name Helm 3 and the chart's folder.
package rig

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Patience is how long a condition of a cluster may take on a busy machine before it counts as never.
const Patience = 2 * time.Minute

// complaintBytesMax is what an error quotes of a command: the API server repeats whole objects.
const complaintBytesMax = 2000

// Need gives the value of a variable. A missing one fails the test: it was not run.
func Need(t testing.TB, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Fatalf("%s is not set; this test cannot run without it", variable)
	}
	return value
}

// Run gives what a command printed; the error has what it complained of.
func Run(program string, args ...string) (string, error) { return RunWith("", program, args...) }

// RunWith does the same with something to read.
func RunWith(input, program string, args ...string) (string, error) {
	var output, complaint bytes.Buffer
	command := exec.Command(program, args...)
	command.Stdin = strings.NewReader(input)
	command.Stdout, command.Stderr = &output, &complaint
	if err := command.Run(); err != nil {
		return output.String(), fmt.Errorf("%s %s: %w\n%.*s", program, strings.Join(args, " "), err, complaintBytesMax, complaint.String())
	}
	return output.String(), nil
}

// Kubectl fails the test when kubectl fails.
func Kubectl(t testing.TB, args ...string) string {
	t.Helper()
	output, err := Run("kubectl", args...)
	if err != nil {
		t.Fatal(err)
	}
	return output
}

// Apply makes what the YAML says.
func Apply(t testing.TB, yaml string) {
	t.Helper()
	if _, err := RunWith(yaml, "kubectl", "apply", "--server-side", "-f", "-"); err != nil {
		t.Fatal(err)
	}
}

// Eventually looks until the condition holds. The last reason why it did not is what the test tells.
func Eventually(t testing.TB, what string, condition func() error) {
	t.Helper()
	if err := Within(Patience, condition); err != nil {
		t.Fatalf("%s: not within %v: %v", what, Patience, err)
	}
}

// Within gives the last reason why the condition did not hold in that time.
func Within(patience time.Duration, condition func() error) error {
	const look = 200 * time.Millisecond
	deadline := time.Now().Add(patience)
	for {
		err := condition()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(look)
	}
}

// Count writes one line that ./dev test shows.
func Count(t testing.TB, format string, args ...any) {
	for _, line := range strings.Split(strings.TrimRight(fmt.Sprintf(format, args...), "\n"), "\n") {
		fmt.Printf("count| %s\n", line)
	}
}
