package services

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// What makes no sense is refused in words, with the status that its kind has, and leaves nothing.
func TestBadInputIsNamed(t *testing.T) {
	t.Parallel()
	h := shared(t)
	many, _ := json.Marshal(map[string]any{"id": "tags", "text": "x", "tags": strings.Split(strings.Repeat("t ", 10000), " ")[:10000]})
	long := strings.Repeat("i", 129)
	for _, c := range []struct {
		what       string
		verb, path string
		body       string
		headers    []string
		status     int
		words      string
	}{
		{"JSON that ends too early", "POST", "/documents", `{"id":`, nil, 400, ""},
		{"a wrong type", "POST", "/documents", `{"id":7}`, nil, 400, "id"},
		{"an unknown field", "POST", "/documents", `{"idd":"x"}`, nil, 400, "idd"},
		{"text that is no UTF-8", "POST", "/documents", "{\"id\":\"utf\",\"text\":\"\xff\"}", nil, 400, "0xff"},
		{"an unknown route", "GET", "/nothing", "", nil, 404, "GET /documents"},
		{"a verb that the route does not take", "DELETE", "/documents", "", nil, 501, "it takes: "},
		{"another content type", "POST", "/documents", `<id/>`, []string{"content-type", "text/xml"}, 400, "text/xml"},
		{"a path as an id", "POST", "/documents", `{"id":"../../head","text":"x"}`, nil, 400, "../../head"},
		{"two dots within an id", "POST", "/documents", `{"id":"a..b","text":"x"}`, nil, 400, "a..b"},
		{"a slash in an id", "POST", "/documents", `{"id":"a/b","text":"x"}`, nil, 400, "a/b"},
		{"daprd's separator in an id", "POST", "/documents", `{"id":"a||b","text":"x"}`, nil, 400, "a||b"},
		{"an escaped path as an id", "GET", "/documents/a%2Fb", "", nil, 404, "no such route"},
		{"an id that is too long", "POST", "/documents", `{"id":"` + long + `","text":"x"}`, nil, 400, "128"},
		{"a path as a tenant", "GET", "/documents/x", "", []string{"dk-tenant", "../x"}, 400, "../x"},
		{"10,000 tags", "POST", "/documents", string(many), nil, 400, "10000"},
		{"a text above 1 MiB", "POST", "/documents", `{"id":"long","text":"` + strings.Repeat("a", 1<<20+1) + `"}`, nil, 400, "1048576"},
		{"a body above daprd's 4 MiB", "POST", "/documents", strings.Repeat(" ", 5<<20), nil, 500, "stream too large"},
		{"an upload of 65 MiB", "POST", "/uploads", `{"id":"huge","size":"68157440"}`, nil, 400, "67108864"},
		{"a part of no upload", "PUT", "/uploads/none/parts/1?sha256=" + hashOf("x"), "x",
			[]string{"content-type", "application/octet-stream"}, 404, "none"},
		{"no such document", "GET", "/documents/nobody", "", nil, 404, "nobody"},
		{"no such version", "GET", "/documents/nobody?version=7", "", nil, 404, "nobody"},
		{"a version that is no number", "GET", "/documents/nobody?version=last", "", nil, 400, "version"},
		{"a function that there is not", "POST", "/functions/poetry:run", `{"text":"x"}`, nil, 404, "poetry"},
	} {
		s := h.document
		if strings.HasPrefix(c.path, "/functions") {
			s = h.compute
		}

		got := s.ask(t, "bad", c.verb, c.path, c.body, c.headers...)

		if got.status != c.status || !strings.Contains(got.body, c.words) {
			t.Errorf("%s: %d %.300s; wanted %d with '%s'", c.what, got.status, got.body, c.status, c.words)
		}
	}
	for _, id := range []string{"utf", "tags", "long", "huge"} {
		if got := h.document.ask(t, "bad", "GET", "/documents/"+id, ""); got.status != 404 {
			t.Errorf("%s was refused and is there: %d %.200s", id, got.status, got.body)
		}
	}
}

func TestUploadsWantEveryPartAsItWasSaid(t *testing.T) {
	t.Parallel()
	d := shared(t).document
	begun := d.ask(t, "parts", "POST", "/uploads", `{"id":"torn","size":"1048577"}`)
	part := "/uploads/" + begun.text("uploadId") + "/parts/"
	bytes := []string{"content-type", "application/octet-stream"}

	if got := d.ask(t, "parts", "PUT", part+"1?sha256="+hashOf("other"), half, bytes...); got.status != 400 {
		t.Errorf("a part with a wrong hash: %d %.300s", got.status, got.body)
	}
	if got := d.ask(t, "parts", "PUT", part+"1?sha256="+hashOf("short"), "short", bytes...); got.status != 400 {
		t.Errorf("a part that is too short: %d %.300s", got.status, got.body)
	}
	if got := d.ask(t, "parts", "PUT", part+"3?sha256="+hashOf("x"), "x", bytes...); got.status != 400 {
		t.Errorf("a part too many: %d %.300s", got.status, got.body)
	}
	if got := d.ask(t, "parts", "PUT", part+"1?sha256="+hashOf(half), half, bytes...); got.status != 200 {
		t.Errorf("%d %.300s", got.status, got.body)
	}
	got := d.ask(t, "parts", "POST", "/uploads/"+begun.text("uploadId")+"/complete", "")
	if got.status < 400 || got.status >= 500 || !strings.Contains(got.body, "part 2") {
		t.Errorf("without its second part: %d %.300s", got.status, got.body)
	}
	if got := d.ask(t, "parts", "GET", "/documents/torn", ""); got.status != 404 {
		t.Errorf("half a document: %d %.300s", got.status, got.body)
	}
}

func TestQuotaHoldsAtItsLimit(t *testing.T) {
	t.Parallel()
	d := shared(t).document
	for i := range quotaDocuments {
		if got := d.ask(t, "full", "POST", "/documents", fmt.Sprintf(`{"id":"q%d","text":"x"}`, i)); got.status != 200 {
			t.Fatalf("document %d: %d %s", i, got.status, got.body)
		}
	}

	got := d.ask(t, "full", "POST", "/documents", `{"id":"over","text":"x"}`)

	if got.status != 429 || !strings.Contains(got.body, fmt.Sprint(quotaDocuments)) {
		t.Errorf("%d %s", got.status, got.body)
	}
	direct := rig.Dial(t, d.Address())
	stub := rig.Learn(t, patient(t), documents, direct, direct)
	_, err := stub.Call(metadata.AppendToOutgoingContext(patient(t), "dk-tenant", "full"), "Create", `{"id":"over","text":"x"}`)
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("typed: %v", err)
	}
	if got := d.ask(t, "full", "GET", "/documents/over", ""); got.status != 404 {
		t.Errorf("it is there: %d %s", got.status, got.body)
	}
}

func TestStaleEtagsAreRefusedAtEveryDoor(t *testing.T) {
	t.Parallel()
	d := shared(t).document
	first := d.ask(t, "etags", "POST", "/documents", `{"id":"e","text":"1"}`).text("etag")
	if got := d.ask(t, "etags", "PUT", "/documents/e", `{"text":"2"}`, "if-match", first); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	for _, c := range [][3]string{
		{"PUT", "/documents/e", `{"text":"3"}`},
		{"PATCH", "/documents/e", `{"title":"3"}`},
		{"PUT", "/documents/e/tags", `{"tags":["3"]}`},
		{"DELETE", "/documents/e", ""},
	} {
		if got := d.ask(t, "etags", c[0], c[1], c[2], "if-match", first); got.status != 409 {
			t.Errorf("%s %s: %d %s", c[0], c[1], got.status, got.body)
		}
	}
	direct := rig.Dial(t, d.Address())
	stub := rig.Learn(t, patient(t), documents, direct, direct)
	_, err := stub.Call(metadata.AppendToOutgoingContext(patient(t), "dk-tenant", "etags"), "Delete", `{"id":"e","if_match":"`+first+`"}`)
	if status.Code(err) != codes.Aborted {
		t.Errorf("typed: %v", err)
	}
	if got := d.ask(t, "etags", "GET", "/documents/e", ""); got.text("version") != "2" || got.text("text") != "2" {
		t.Errorf("something was written: %s", got.body)
	}
}

// Events that come twice, too late or as nonsense change nothing, and what comes after them is handled.
func TestEventsMayComeTwiceLateOrBroken(t *testing.T) {
	t.Parallel()
	h := shared(t)
	d := h.document
	d.ask(t, "events", "POST", "/documents", `{"id":"twice","text":"`+fox+`"}`)
	d.ask(t, "events", "PUT", "/documents/twice", `{"text":"`+fox+` And the farmer smiles."}`)
	found := func() answer {
		t.Helper()
		var got answer
		rig.Eventually(t, "annotations", func() error {
			got = d.ask(t, "events", "GET", "/documents/twice", "")
			if hash := got.text("annotations", "contentSha256"); hash == "" || hash != got.text("contentSha256") {
				return fmt.Errorf("they are of '%s'", hash)
			}
			return nil
		})
		return got
	}
	before := found()
	var again []rig.Record
	for _, record := range h.kafka.Read(t, topic) {
		if strings.Contains(string(record.Value), `"twice"`) {
			again = append(again, record)
		}
	}
	if len(again) < 2 {
		t.Fatalf("%d events of it in the topic", len(again))
	}

	h.kafka.Write(t, topic, again...)
	h.kafka.Write(t, topic, again[0]) // version 1, after version 2
	h.kafka.Write(t, topic, rig.Record{Partition: again[0].Partition, Value: []byte(
		`{"specversion":"1.0","id":"broken","source":"test","type":"t","datacontenttype":"application/json","data":{"tenant":7}}`)})
	d.ask(t, "events", "POST", "/documents", `{"id":"after","text":"`+fox+`"}`)

	rig.Eventually(t, "what comes after", func() error {
		if got := d.ask(t, "events", "GET", "/documents/after", ""); got.text("annotations", "contentSha256") == "" {
			return fmt.Errorf("no annotations: %s", got.body)
		}
		return nil
	})
	rig.Eventually(t, "the dead letter", func() error {
		for _, record := range h.kafka.Read(t, "documents.dead") {
			if strings.Contains(string(record.Value), "broken") {
				if record.Headers["dead-letter-reason"] == "" {
					return fmt.Errorf("it has no reason: %v", record.Headers)
				}
				return nil
			}
		}
		return fmt.Errorf("it is not there")
	})
	after := found()
	change := func(a answer) string { // an annotation counts the etag's revision and makes no change
		id, _, _ := strings.Cut(a.text("etag"), ".")
		return a.text("version") + " " + a.text("contentSha256") + " " + id
	}
	if change(before) != change(after) {
		t.Errorf("it was %s and is %s", change(before), change(after))
	}
}
