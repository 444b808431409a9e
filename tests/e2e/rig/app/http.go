package app

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func (a *App) serveHTTP(t testing.TB, listener net.Listener) {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /dapr/subscribe", a.listSubscriptions)
	routes.HandleFunc("POST /events/{topic}", a.onTopicEvent)
	routes.HandleFunc("OPTIONS /{binding}", a.onBindingQuestion)
	routes.HandleFunc("POST /{binding}", a.onBindingEvent)
	server := &http.Server{Handler: routes}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
}

func (a *App) listSubscriptions(w http.ResponseWriter, _ *http.Request) {
	type item struct {
		PubSub     string            `json:"pubsubname"`
		Topic      string            `json:"topic"`
		Route      string            `json:"route"`
		DeadLetter string            `json:"deadLetterTopic,omitempty"`
		Metadata   map[string]string `json:"metadata,omitempty"`
	}
	items := []item{}
	for _, s := range a.subscriptions {
		items = append(items, item{s.PubSub, s.Topic, "/events/" + s.Topic, s.DeadLetter, s.Metadata})
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(items)
}

func (a *App) onTopicEvent(w http.ResponseWriter, r *http.Request) {
	var envelope map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&envelope); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e := Event{About: map[string]string{}, Metadata: map[string]string{}}
	for name, value := range envelope {
		var text string
		if name != "data" && json.Unmarshal(value, &text) == nil {
			e.About[name] = text
		}
	}
	e.Source, e.Type = e.About["pubsubname"], e.About["datacontenttype"]
	e.Topic = r.PathValue("topic") // the envelope of a dead letter names the topic it came from
	if _, e.Binary = envelope["data_base64"]; e.Binary {
		json.Unmarshal(envelope["data_base64"], &e.Data)
	} else if strings.HasPrefix(e.Type, "text/") {
		e.Data = textOf(envelope["data"])
	} else {
		e.Data = envelope["data"]
	}
	for name, values := range r.Header {
		e.Metadata[strings.TrimPrefix(strings.ToLower(name), "metadata.")] = values[0]
	}
	err := a.handler(e)
	status := "SUCCESS"
	switch {
	case errors.Is(err, ErrDropped):
		status = "DROP"
	case err != nil:
		status = "RETRY"
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]string{"status": status})
}

// onBindingQuestion answers daprd, which asks whether the application wants a binding's events.
func (a *App) onBindingQuestion(w http.ResponseWriter, r *http.Request) {
	if !slices.Contains(a.bindings, r.PathValue("binding")) {
		w.WriteHeader(http.StatusNotFound)
	}
}

func (a *App) onBindingEvent(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	if err == nil {
		e := Event{Source: r.PathValue("binding"), Data: data, Metadata: map[string]string{}}
		for name, values := range r.Header {
			e.Metadata[strings.ToLower(name)] = values[0]
		}
		err = a.handler(e)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
