package rig

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Prometheus asks targets for their metrics, with the configuration that ./dev up --observe gives it.
type Prometheus struct {
	*Process
	URL string
}

// A Target is who is asked on 127.0.0.1, by a name that its series carry.
type Target struct {
	Name string
	Port int
}

// URL is where a page of the target is.
func (t Target) URL(page string) string { return "http://" + loopback(t.Port) + page }

// StartPrometheus starts a server and waits until it is ready.
func StartPrometheus(t testing.TB, targets ...Target) *Prometheus {
	t.Helper()
	folder := t.TempDir()
	type group struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	var groups []group
	for _, target := range targets {
		groups = append(groups, group{[]string{loopback(target.Port)}, map[string]string{"job": "dapr-kit", "name": target.Name}})
	}
	text, err := json.Marshal(groups)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "targets.json"), text, 0o600)
	}
	if err == nil {
		text, err = os.ReadFile(filepath.Join(Need(t, ObserveVar), "prometheus.yml"))
	}
	config := filepath.Join(folder, "prometheus.yml")
	if err == nil {
		err = os.WriteFile(config, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	at := port(t)
	p := &Prometheus{URL: "http://" + loopback(at)}
	p.Process = start(t, "prometheus", Need(t, PrometheusVar), nil, "--config.file", config,
		"--storage.tsdb.path", filepath.Join(folder, "data"), "--web.listen-address", loopback(at), "--log.level", "warn")
	p.ready(t, func() error {
		response, err := http.Get(p.URL + "/-/ready")
		if err == nil {
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				err = errNotFound
			}
		}
		return err
	})
	return p
}

// A Sample is one series of an instant query, with its value now.
type Sample struct {
	Labels map[string]string
	Value  float64
}

// Query asks for the value of an expression now.
func (p *Prometheus) Query(expression string) ([]Sample, error) {
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := getJSON(p.URL+"/api/v1/query?query="+url.QueryEscape(expression), &answer); err != nil {
		return nil, err
	}
	var samples []Sample
	for _, result := range answer.Data.Result {
		text, _ := result.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, err
		}
		samples = append(samples, Sample{result.Metric, value})
	}
	return samples, nil
}

// Promtool runs promtool over a text, and gives what it says.
func Promtool(t testing.TB, text string, args ...string) (string, error) {
	t.Helper()
	command := exec.Command(Need(t, PromtoolVar), args...)
	command.Stdin = strings.NewReader(text)
	said, err := command.CombinedOutput()
	return string(said), err
}
