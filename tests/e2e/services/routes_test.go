package services

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	"google.golang.org/grpc/metadata"
)

// A step calls one route. {names} in path and body stand for what earlier steps have kept.
type step struct {
	route string // as the OpenAPI page has it
	path  string // the route's own when empty, with {names} replaced
	body  string
	with  []string          // headers
	words string            // that the answer has
	keep  map[string]string // a name for later steps: a field of the answer
	later bool              // the answer has them within a while: the list follows the events
}

const fox = "The quick brown fox jumps over the lazy dog while the old farmer looks for his glasses in the barn."

// half is a part of an upload: its SHA-256 goes with it.
var half = strings.Repeat("half ", 1<<20/5+1)[:1<<20]

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Every route of both pages, as one story.
var documentStory = []step{
	{route: "POST /documents", body: `{"id":"a","text":"` + fox + `","tags":["x"]}`, words: `"version":"1"`,
		keep: map[string]string{"etag": "etag"}},
	{route: "GET /documents/{id}", path: "/documents/a", words: fox},
	{route: "GET /documents/{id}", path: "/documents/a?if_none_match={etag}", words: `"id":"a"`},
	{route: "PUT /documents/{id}", path: "/documents/a", body: `{"text":"two\n"}`, with: []string{"if-match", "{etag}"}, words: `"version":"2"`},
	{route: "PATCH /documents/{id}", path: "/documents/a", body: `{"title":"A","text":"three\n"}`, words: `"version":"3"`},
	{route: "PUT /documents/{id}/tags", path: "/documents/a/tags", body: `{"tags":["x","y"]}`, words: `"tags":["x","y"]`},
	{route: "GET /documents/{id}/versions", path: "/documents/a/versions", words: `"version":"4"`},
	{route: "GET /documents/{id}/diff", path: "/documents/a/diff?from=2&to=3", words: `-two\n+three`},
	{route: "GET /documents/{id}/content", path: "/documents/a/content", words: "three\n"},
	{route: "DELETE /documents/{id}", path: "/documents/a", words: `"deleted":true`},
	{route: "POST /documents/{id}/restore", path: "/documents/a/restore", words: `"version":"6"`},
	{route: "GET /quota", words: `"documentsMax"`},
	{route: "POST /sessions", body: `{"data":{"n":1},"ttl_seconds":60}`, words: `"n":1`, keep: map[string]string{"session": "id"}},
	{route: "GET /sessions/{id}", path: "/sessions/{session}", words: `"n":1`},
	{route: "PUT /sessions/{id}", path: "/sessions/{session}", body: `{"data":{"n":2}}`, words: `"n":2`},
	{route: "DELETE /sessions/{id}", path: "/sessions/{session}", words: `{}`},
	{route: "POST /batch/put", body: `{"documents":[{"id":"b","text":"b"},{"id":"c","text":"c"}]}`, words: `"id":"c"`},
	{route: "POST /batch/get", body: `{"ids":["b","nobody"]}`, words: `"code":"not_found"`},
	{route: "POST /batch/delete", body: `{"ids":["b"]}`, words: `"deleted":true`},
	{route: "POST /uploads", body: `{"id":"big","size":"2097152"}`, words: `"parts":2`, keep: map[string]string{"upload_id": "uploadId"}},
	{route: "PUT /uploads/{upload_id}/parts/{number}", path: "/uploads/{upload_id}/parts/2?sha256=" + hashOf(half), body: half,
		with: []string{"content-type", "application/octet-stream"}, words: `"number":2`},
	{route: "PUT /uploads/{upload_id}/parts/{number}", path: "/uploads/{upload_id}/parts/1?sha256=" + hashOf(half), body: half,
		with: []string{"content-type", "application/octet-stream"}, words: `"number":1`},
	{route: "POST /uploads/{upload_id}/complete", path: "/uploads/{upload_id}/complete", words: `"contentSha256":"` + hashOf(half+half) + `"`},
	{route: "POST /uploads", body: `{"id":"never","size":"10"}`, keep: map[string]string{"upload_id": "uploadId"}},
	{route: "DELETE /uploads/{upload_id}", path: "/uploads/{upload_id}", words: `{}`},
	{route: "POST /documents/export", body: `{"ids":["c"]}`, words: `"exported":"1"`},
	{route: "POST /verify", body: `{"ids":["a","c"]}`, words: `"documents":"2"`},
	{route: "GET /documents", path: "/documents?include_deleted=true", words: `"id":"big"`, later: true},
}

var computeStory = []step{
	{route: "GET /functions", words: `"language"`},
	{route: "POST /functions/{functions}:run", path: "/functions/language:run",
		body: `{"text":"` + fox + `"}`, words: `"code":"en"`},
	{route: "POST /similar", body: `{"text":"` + fox + `"}`, words: `{`},
}

// fill puts what was kept in the place of {names}.
func fill(text string, kept map[string]string) string {
	for name, value := range kept {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

func TestEveryRouteByHTTP(t *testing.T) {
	t.Parallel()
	h := shared(t)
	for _, c := range []struct {
		service *service
		story   []step
	}{{h.document, documentStory}, {h.compute, computeStory}} {
		kept, called := map[string]string{}, map[string]bool{}
		for _, step := range c.story {
			verb, path, _ := strings.Cut(step.route, " ")
			if step.path != "" {
				path = fill(step.path, kept)
			}
			var headers []string
			for _, header := range step.with {
				headers = append(headers, fill(header, kept))
			}

			var got answer
			call := func() error {
				got = c.service.ask(t, "routes", verb, path, fill(step.body, kept), headers...)
				if !strings.Contains(got.body, step.words) {
					return fmt.Errorf("%d %.400s", got.status, got.body)
				}
				return nil
			}
			if step.later {
				rig.Eventually(t, step.route, call)
			} else {
				_ = call() // told below
			}

			if got.status != 200 || !strings.Contains(got.body, step.words) {
				t.Fatalf("%s %s: %d %.400s; wanted %s", verb, path, got.status, got.body, step.words)
			}
			for name, field := range step.keep {
				kept[name] = got.text(field)
			}
			called[step.route] = true
		}
		for _, route := range routesOf(t, "dk-"+c.service.id) {
			if !called[route] {
				t.Errorf("%s: nobody calls %s", c.service.id, route)
			}
		}
	}
}

// routesOf is what the OpenAPI page of a program has.
func routesOf(t *testing.T, program string) []string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/openapi/" + program + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var page struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal(text, &page); err != nil {
		t.Fatal(err)
	}
	var routes []string
	for path, verbs := range page.Paths {
		for verb := range verbs {
			routes = append(routes, strings.ToUpper(verb)+" "+path)
		}
	}
	return routes
}

// The same handlers as typed gRPC: on the port, and through daprd by dapr-app-id.
func TestEveryServiceTyped(t *testing.T) {
	t.Parallel()
	h := shared(t)
	for way, number := range map[string]int{"direct": 1, "through daprd": 2} {
		t.Run(way, func(t *testing.T) {
			call := func(s *service, name, method, request, words string) {
				t.Helper()
				direct := rig.Dial(t, s.Address())
				stub := rig.Learn(t, patient(t), name, direct, direct)
				ctx := patient(t)
				if number == 2 {
					stub = rig.Learn(t, patient(t), name, direct, s.daprd.GRPC)
					ctx = metadata.AppendToOutgoingContext(ctx, "dapr-app-id", s.id)
				}
				got, err := stub.Call(ctx, method, request)
				if got = strings.ReplaceAll(got, ": ", ":"); err != nil || !strings.Contains(got, words) {
					t.Errorf("%s: %.300s %v; wanted %s", method, got, err, words)
				}
			}
			id := fmt.Sprintf("typed-%d", number)
			call(h.document, documents, "Create", `{"id":"`+id+`","text":"one"}`, `"version":"1"`)
			call(h.document, documents, "Replace", `{"id":"`+id+`","text":"two"}`, `"version":"2"`)
			call(h.document, documents, "Patch", `{"id":"`+id+`","patch":{"title":"T"}}`, `"title":"T"`)
			call(h.document, documents, "SetTags", `{"id":"`+id+`","tags":["t"]}`, `"version":"4"`)
			call(h.document, documents, "Get", `{"id":"`+id+`","version":2}`, `"text":"two"`)
			call(h.document, documents, "ListVersions", `{"id":"`+id+`"}`, `"version":"3"`)
			call(h.document, documents, "Diff", `{"id":"`+id+`","from":1,"to":2}`, `"content"`)
			call(h.document, documents, "GetContent", `{"id":"`+id+`"}`, `"dHdv"`)
			call(h.document, documents, "Delete", `{"id":"`+id+`"}`, `"deleted":true`)
			call(h.document, documents, "Restore", `{"id":"`+id+`"}`, `"version":"6"`)
			call(h.document, documents, "List", `{"limit":1}`, `{`)
			call(h.document, documents, "GetQuota", `{}`, `"documentsMax"`)
			call(h.document, documents, "BatchGet", `{"ids":["`+id+`"]}`, `"`+id+`"`)
			call(h.document, documents, "OpenSession", `{"data":{"a":1}}`, `"id"`)
			call(h.document, documents, "Export", `{"ids":["`+id+`"]}`, `"exported":"1"`)
			call(h.document, documents, "Verify", `{"ids":["`+id+`"]}`, `"documents":"1"`)
			call(h.compute, compute, "ListFunctions", `{}`, `"minhash"`)
			call(h.compute, compute, "Run", `{"functions":["language"],"text":"`+fox+`"}`, `"en"`)
			call(h.compute, compute, "Similar", `{"text":"`+fox+`"}`, `{`)
		})
	}
}

// What the compute service finds stands in the document, and in the list, by itself; a content too
// long for an event is fetched.
func TestAnnotationsComeByThemselves(t *testing.T) {
	t.Parallel()
	h := shared(t)
	var long strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&long, "The %dth sheep was counted by the shepherd in the evening. ", i)
	}
	for id, text := range map[string]string{"short": fox, "long": long.String()} {
		body, _ := json.Marshal(map[string]any{"id": id, "text": text})
		if got := h.document.ask(t, "found", "POST", "/documents", string(body)); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		rig.Eventually(t, id, func() error {
			got := h.document.ask(t, "found", "GET", "/documents/"+id+"?without_content=true", "")
			if code := got.text("annotations", "language", "code"); code != "en" {
				return fmt.Errorf("its language is '%s'", code)
			}
			return nil
		})
		rig.Eventually(t, "the list", func() error {
			if got := h.document.ask(t, "found", "GET", "/documents?language=en", ""); !strings.Contains(got.body, `"id":"`+id+`"`) {
				return fmt.Errorf("it has no '%s': %.200s", id, got.body)
			}
			return nil
		})
	}
}

// Of two texts that are alike each comes to name the other, whichever came first; and it ends there.
func TestNearDuplicatesNameEachOther(t *testing.T) {
	t.Parallel()
	d := shared(t).document
	tenant := "near"
	text := strings.Repeat("The quick brown fox jumps over the lazy dog while seven wizards mix a strange potion. ", 20)
	for _, id := range []string{"older", "newer"} {
		if got := d.ask(t, tenant, "POST", "/documents", fmt.Sprintf(`{"id":%q,"text":%q}`, id, text+id)); got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		eventually(t, "annotations of "+id, rig.Patience, func() error {
			if got := d.ask(t, tenant, "GET", "/documents/"+id, ""); got.field("annotations", "language") == nil {
				return fmt.Errorf("%d %s", got.status, got.body)
			}
			return nil
		})
	}

	for id, other := range map[string]string{"older": "newer", "newer": "older"} {
		eventually(t, id+" names "+other, rig.Patience, func() error {
			got := d.ask(t, tenant, "GET", "/documents/"+id, "")
			if near, _ := got.field("annotations", "nearDuplicates").([]any); len(near) != 1 || near[0].(map[string]any)["documentId"] != other {
				return fmt.Errorf("%d %s", got.status, got.body)
			}
			return nil
		})
	}
}

// Records of a Kafka topic become documents, which are annotated as all are, and go out as records.
func TestRecordsComeInAndGoOut(t *testing.T) {
	t.Parallel()
	h := shared(t)

	h.kafka.Write(t, "ingest", rig.Record{Key: []byte("from-kafka"), Value: []byte(fox), Headers: map[string]string{"dk-tenant": "records", "dk-tags": "in"}})

	rig.Eventually(t, "the document", func() error {
		got := h.document.ask(t, "records", "GET", "/documents/from-kafka", "")
		if got.text("text") != fox || got.text("annotations", "language", "code") != "en" {
			return fmt.Errorf("%d %.300s", got.status, got.body)
		}
		return nil
	})
	if got := h.document.ask(t, "records", "POST", "/documents/export", `{"ids":["from-kafka"]}`); got.text("exported") != "1" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	rig.Eventually(t, "the record", func() error {
		for _, record := range h.kafka.Read(t, "export") {
			if strings.Contains(string(record.Value), `"from-kafka"`) {
				return nil
			}
		}
		return fmt.Errorf("it is not in the topic")
	})
}
