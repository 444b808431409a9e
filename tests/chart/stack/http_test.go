package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

var client = &http.Client{Timeout: 10 * time.Second}

// ask gives the body of an answer, whose status must be one of 2xx.
func ask(method, url, contentType string, body []byte) ([]byte, error) {
	request, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, url, answer.Status, text)
	}
	return text, err
}

func get(url string) ([]byte, error) { return ask(http.MethodGet, url, "", nil) }

// getJSON reads an answer into a value.
func getJSON(url string, into any) error {
	text, err := get(url)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	return err
}

// askJSON sends a value and reads the answer.
func askJSON(t testing.TB, method, url string, send any) object {
	t.Helper()
	body, err := json.Marshal(send)
	if err != nil {
		t.Fatal(err)
	}
	text, err := ask(method, url, "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	var made object
	if err := json.Unmarshal(text, &made); err != nil {
		t.Fatalf("%s: %v: %s", url, err, text)
	}
	return made
}
