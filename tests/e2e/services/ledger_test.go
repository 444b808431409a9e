package services

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A ledger has what was acknowledged of one tenant's documents, and compares it at the end with what
// there is: the documents and their versions, the events in the topic, what was derived.
type ledger struct {
	h      *house
	tenant string

	mutex    sync.Mutex
	versions map[string][]string // id: the content's hash of each version that was acknowledged, from 1
	refused  atomic.Int64        // calls that were answered with an error, and made again
	acked    atomic.Int64        // documents
}

func newLedger(h *house, tenant string) *ledger {
	return &ledger{h: h, tenant: tenant, versions: map[string][]string{}}
}

// insist makes a call until it is acknowledged. A repeated one finds its first try by the idempotency key.
func (l *ledger) insist(ctx context.Context, key, verb, path, body string) (answer, error) {
	for {
		one, cancel := context.WithTimeout(ctx, 20*time.Second)
		got, err := l.h.document.invoke(one, verb, path, body, "dk-tenant", l.tenant, "idempotency-key", key)
		cancel()
		if err == nil && got.status == 200 {
			return got, nil
		}
		l.refused.Add(1)
		select {
		case <-ctx.Done():
			return got, fmt.Errorf("%s %s: never acknowledged: %d %.300s %v", verb, path, got.status, got.body, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// story is a text that is like no other one: a thousand near duplicates would be another test.
func story(number, version int) string {
	words := strings.Fields("the shepherd counts his sheep in evening and none is missing while old farmer looks for " +
		"glasses near barn where seven cats sleep under warm straw until rain begins again over green hills")
	order := rand.New(rand.NewPCG(uint64(number), uint64(version)))
	order.Shuffle(len(words), func(i, k int) { words[i], words[k] = words[k], words[i] })
	return fmt.Sprintf("%d/%d: %s.", number, version, strings.Join(words, " "))
}

// write makes one document, and for every fourth a second version of it.
func (l *ledger) write(ctx context.Context, number int) error {
	id := fmt.Sprintf("d%04d", number)
	text := func(version int) string { return story(number, version) }
	for version := 1; version == 1 || version == 2 && number%4 == 0; version++ {
		body, _ := json.Marshal(map[string]any{"id": id, "text": text(version)})
		verb, path := "POST", "/documents"
		if version == 2 {
			body, _ = json.Marshal(map[string]any{"text": text(version)})
			verb, path = "PUT", "/documents/"+id
		}
		got, err := l.insist(ctx, fmt.Sprintf("%s-%d", id, version), verb, path, string(body))
		if err != nil {
			return err
		}
		if have, hash := got.text("version"), got.text("contentSha256"); have != fmt.Sprint(version) || hash != hashOf(text(version)) {
			return fmt.Errorf("%s: acknowledged as version %s with %s, wanted %d with %s", id, have, hash, version, hashOf(text(version)))
		}
		l.mutex.Lock()
		l.versions[id] = append(l.versions[id], hashOf(text(version)))
		l.mutex.Unlock()
	}
	l.acked.Add(1)
	return nil
}

// check compares the books and prints them.
func (l *ledger) check(t *testing.T, name string) {
	t.Helper()
	started := time.Now()
	versions := 0
	for id, hashes := range l.versions {
		for i, hash := range hashes {
			got := l.h.document.ask(t, l.tenant, "GET", fmt.Sprintf("/documents/%s?version=%d", id, i+1), "")
			if got.status != 200 || got.text("contentSha256") != hash || hashOf(got.text("text")) != hash {
				t.Errorf("%s version %d was acknowledged: %d %.300s", id, i+1, got.status, got.body)
			}
			versions++
		}
	}

	var events, twice, strangers int
	eventually(t, "an event for every change", takeover, func() error {
		told := map[string]int{}
		events = 0
		for _, record := range l.h.kafka.Read(t, topic) {
			var event struct {
				Data struct{ Tenant, ID, Version, Change string }
			}
			if json.Unmarshal(record.Value, &event) != nil || event.Data.Tenant != l.tenant || event.Data.Change == "ANNOTATED" {
				continue
			}
			if key := string(record.Key); key != event.Data.ID {
				t.Errorf("an event of %s has the key '%s'", event.Data.ID, key)
			}
			told[event.Data.ID+"/"+event.Data.Version]++
			events++
		}
		for id, hashes := range l.versions {
			for i := range hashes {
				if told[fmt.Sprintf("%s/%d", id, i+1)] == 0 {
					return fmt.Errorf("none of %s version %d, %d events", id, i+1, events)
				}
			}
		}
		twice, strangers = events-len(told), len(told)-versions
		return nil
	})
	if strangers != 0 {
		t.Errorf("%d events of changes that nobody made", strangers)
	}

	annotated, listed := 0, map[string]bool{}
	eventually(t, "what is derived", takeover, func() error {
		annotated, listed = 0, map[string]bool{}
		for cursor := ""; ; {
			got := l.h.document.ask(t, l.tenant, "GET", "/documents?cursor="+cursor, "")
			items, _ := got.field("documents").([]any)
			for _, item := range items {
				document, _ := item.(map[string]any)
				id, _ := document["id"].(string)
				listed[id] = true
				annotations, _ := document["annotations"].(map[string]any)
				if hash, last := annotations["contentSha256"], l.versions[id]; len(last) > 0 && hash == last[len(last)-1] {
					annotated++
				}
			}
			if cursor = got.text("nextCursor"); cursor == "" {
				break
			}
		}
		if len(listed) != len(l.versions) || annotated != len(l.versions) {
			dead := len(l.h.kafka.Read(t, "documents.dead"))
			inTopic, _ := l.h.kafka.Lag(t, "compute", topic)
			inResults, _ := l.h.kafka.Lag(t, "document", "compute.results")
			return fmt.Errorf("%d of %d in the list, %d with annotations; to be read: %d events, %d results; dead letters: %d",
				len(listed), len(l.versions), annotated, inTopic, inResults, dead)
		}
		return nil
	})
	l.verify(t)
	fmt.Printf("count| %s: %d documents acknowledged (%d tries were not), %d of them there with all %d versions; "+
		"events: %d, none missing, %d told again; derived: %d in the list, %d annotated, caught up %.1f s after the last call\n",
		name, len(l.versions), l.refused.Load(), len(l.versions), versions, events, twice, len(listed), annotated, time.Since(started).Seconds())
}

// verify asks the service whether what it keeps holds together.
func (l *ledger) verify(t *testing.T) {
	t.Helper()
	for cursor := ""; ; {
		got := l.h.document.ask(t, l.tenant, "POST", "/verify", `{"cursor":"`+cursor+`"}`)
		if got.status != 200 {
			t.Fatalf("verify: %d %s", got.status, got.body)
		}
		problems, _ := got.field("problems").([]any)
		for _, problem := range problems {
			kind := fmt.Sprint(problem.(map[string]any)["kind"])
			if !slices.Contains([]string{"ORPHAN_VERSION", "ORPHAN_CONTENT"}, kind) { // harmless, docs/documents.md
				t.Errorf("verify: %v", problem)
			}
		}
		if cursor = got.text("nextCursor"); cursor == "" {
			return
		}
		cursor = strings.ReplaceAll(cursor, `"`, `\"`)
	}
}
