package node

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"

	"dapr-kit.test/cluster/rig"
)

// Why a query rightly has no data.
const (
	nothingWrong    = "what it counts is a fault, and none happened"
	noKafkaExporter = "Kafka's exporter is in no registry that we build from"
	noFluentd       = "Fluentd is in no registry that we build from"
	onlyInjected    = "only Dapr's control plane has it"
)

// quiet are queries that may have no data when nothing goes wrong, or whose programs are not part of this release.
var quiet = map[string]string{
	"Application / Errors by code A":                       nothingWrong,
	"Application / Results and failures B":                 nothingWrong,
	"Application / Label sets refused by a bound A":        nothingWrong,
	"Backing stores / Brokers A":                           noKafkaExporter,
	"Backing stores / Under-replicated partitions A":       noKafkaExporter,
	"Backing stores / Lag by group A":                      noKafkaExporter,
	"Backing stores / Events written A":                    noKafkaExporter,
	"Dapr overview / Error codes A":                        nothingWrong,
	"Dapr overview / Policies that acted A":                "the release has no Resiliency",
	"Dapr overview / Injections C":                         nothingWrong,
	"Dapr overview / Certificates A":                       "a certificate lives longer than this test",
	"Dapr overview / Certificates B":                       nothingWrong,
	"Logging / Records read A":                             noFluentd,
	"Logging / Records given to the output A":              noFluentd,
	"Logging / Buffered A":                                 noFluentd,
	"Logging / Chunks waiting A":                           noFluentd,
	"Logging / Retries A":                                  noFluentd,
	"Logging / Errors A":                                   noFluentd,
	"Logging / Spans taken and refused by the collector B": nothingWrong,
	"Logging / Spans taken and refused by the collector C": nothingWrong,
	"Pub/sub / Bulk publishing A":                          "no application here publishes in bulk",
	"State / Instances, and Inits that failed B":           nothingWrong,
}

// quietInline are those that only a Dapr of the cluster fills.
var quietInline = map[string]string{
	"Dapr overview / Issuer certificate expires in A": onlyInjected,
	"Dapr overview / Injections A":                    onlyInjected,
	"Dapr overview / Injections B":                    onlyInjected,
}

type panel struct {
	Title   string
	Targets []struct{ RefID, Expr string }
}

type dashboard struct {
	Title  string
	Panels []panel
}

// dashboards are those that the release brings, by title.
func dashboards(t *testing.T) []dashboard {
	t.Helper()
	text := rig.Kubectl(t, "get", "configmaps", "-n", namespace, "-l", "grafana_dashboard=1", "-o", "json")
	var list struct {
		Items []struct{ Data map[string]string }
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	var all []dashboard
	for _, one := range list.Items {
		for name, text := range one.Data {
			var made dashboard
			if err := json.Unmarshal([]byte(text), &made); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			all = append(all, made)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Title < all[j].Title })
	if len(all) == 0 {
		t.Fatal("the release brings no dashboard")
	}
	return all
}

// What Grafana puts in before it asks. The range is long enough for all that the release has lived.
var variables = strings.NewReplacer("$__rate_interval", "5m", "$namespace", namespace)

// hasData asks Prometheus as Grafana does, and says whether there is a number to draw.
func (p *prometheus) hasData(t *testing.T, expr string) (bool, error) {
	var answer struct {
		Result []struct{ Value [2]any }
	}
	if err := p.ask(t, "/api/v1/query?query="+url.QueryEscape(variables.Replace(expr)), &answer); err != nil {
		return false, fmt.Errorf("%s: %w", expr, err)
	}
	for _, one := range answer.Result {
		text, _ := one.Value[1].(string)
		if number, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(number) {
			return true, nil
		}
	}
	return false, nil
}

// showsItself holds every panel of every dashboard against what Prometheus has collected: each has data, or is named above.
func showsItself(t *testing.T, p *prometheus) {
	all := dashboards(t)
	expected := func(where string) bool {
		_, isQuiet := quiet[where]
		_, wantsDapr := quietInline[where]
		return !isQuiet && (!wantsDapr || os.Getenv("DAPR_CHART") != "")
	}
	known := map[string]bool{}
	var lines, empty []string
	look := func() error {
		lines, empty = nil, nil
		var missing []string
		for _, one := range all {
			full, count := 0, 0
			for _, panel := range one.Panels {
				for _, target := range panel.Targets {
					where := fmt.Sprintf("%s / %s %s", one.Title, panel.Title, target.RefID)
					known[where] = true
					has, err := p.hasData(t, target.Expr)
					if err != nil {
						return err
					}
					count++
					if has {
						full++
						continue
					}
					empty = append(empty, where)
					if expected(where) {
						missing = append(missing, where+": "+variables.Replace(target.Expr))
					}
				}
			}
			lines = append(lines, fmt.Sprintf("dashboard %s: %d of %d queries have data", one.Title, full, count))
		}
		if len(missing) > 0 {
			return fmt.Errorf("%d queries have no data:\n%s", len(missing), strings.Join(missing, "\n"))
		}
		return nil
	}
	err := rig.Within(rig.Patience, look)
	for _, line := range lines {
		rig.Count(t, "%s", line)
	}
	for _, where := range empty {
		rig.Count(t, "  no data: %s: %s", where, quiet[where]+quietInline[where])
	}
	if err != nil {
		t.Error(err)
	}
	for _, list := range []map[string]string{quiet, quietInline} {
		for where := range list {
			if !known[where] {
				t.Errorf("there is no query '%s' to be quiet", where)
			}
		}
	}
}
