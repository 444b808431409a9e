package services

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// A page is docs/openapi/dk-NAME.json: what a service promises to those who call it with JSON.
type page struct {
	operations map[string]operation // by "POST /documents"
	schemas    *jsonschema.Compiler
}

type operation struct {
	Responses   map[string]contents
	RequestBody contents
	Parameters  []struct {
		Name, In string
		Schema   struct{ Type, Format string }
	}
}

type contents struct {
	Content map[string]struct {
		Schema struct {
			Ref string `json:"$ref"`
		}
	}
}

const pageAddress = "page:///openapi.json"

var pages = map[string]func() (*page, error){
	"document": sync.OnceValues(func() (*page, error) { return readPage("dk-document") }),
	"compute":  sync.OnceValues(func() (*page, error) { return readPage("dk-compute") }),
}

func readPage(program string) (*page, error) {
	text, err := os.ReadFile("../../../docs/openapi/" + program + ".json")
	if err != nil {
		return nil, err
	}
	var whole struct {
		Paths map[string]map[string]operation
	}
	var tree any
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	closeObjects(tree)
	closed, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	p := &page{operations: map[string]operation{}, schemas: jsonschema.NewCompiler()}
	p.schemas.Draft = jsonschema.Draft2020 // OpenAPI 3.1's dialect
	for path, verbs := range whole.Paths {
		for verb, o := range verbs {
			p.operations[strings.ToUpper(verb)+" "+path] = o
		}
	}
	return p, p.schemas.AddResource(pageAddress, bytes.NewReader(closed))
}

// closeObjects lets objects have the members that the page names and no others: an answer has nothing
// that its page does not tell.
func closeObjects(tree any) {
	switch node := tree.(type) {
	case map[string]any:
		if _, ok := node["properties"].(map[string]any); ok && node["type"] == "object" && node["additionalProperties"] == nil {
			node["additionalProperties"] = false
		}
		for _, member := range node {
			closeObjects(member)
		}
	case []any:
		for _, member := range node {
			closeObjects(member)
		}
	}
}

// routeOf finds the operation of a call: as many segments, and those without {names} alike.
func (p *page) routeOf(verb, path string) (operation, bool) {
	path, _, _ = strings.Cut(path, "?")
	var best operation
	literal := -1
	for route, o := range p.operations {
		routeVerb, routePath, _ := strings.Cut(route, " ")
		if same := matches(routePath, path); routeVerb == verb && same > literal {
			best, literal = o, same
		}
	}
	return best, literal >= 0
}

// matches counts the segments that are alike; -1 when the path is not of the route.
func matches(route, path string) int {
	wanted, have := strings.Split(route, "/"), strings.Split(path, "/")
	if len(wanted) != len(have) {
		return -1
	}
	alike := 0
	for i, segment := range wanted {
		before, rest, named := strings.Cut(segment, "{")
		_, after, _ := strings.Cut(rest, "}")
		switch {
		case segment == have[i]:
			alike++
		case !named || !strings.HasPrefix(have[i], before) || !strings.HasSuffix(have[i], after):
			return -1
		}
	}
	return alike
}

// holds tells whether an answer is what the page says about the call. Daprd's own errors are daprd's.
func (p *page) holds(verb, path string, got answer) error {
	o, known := p.routeOf(verb, path)
	if !known || got.text("errorCode") != "" {
		return nil
	}
	response, named := o.Responses[fmt.Sprint(got.status)]
	if !named {
		response = o.Responses["default"]
	}
	body, isJSON := response.Content["application/json"]
	if !isJSON || body.Schema.Ref == "" {
		return nil
	}
	schema, err := p.schemas.Compile(pageAddress + body.Schema.Ref)
	if err != nil {
		return err
	}
	var value any
	if err := json.Unmarshal([]byte(got.body), &value); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	return schema.Validate(value)
}

// Whatever a page says of a request, its service holds the caller to: what it does not name, and what is
// of another type, is refused by name at every route.
func TestRequestsAreHeldToTheirPage(t *testing.T) {
	t.Parallel()
	h := shared(t)
	bodies, parameters := 0, 0
	for _, s := range []*service{h.document, h.compute} {
		p, err := pages[s.id]()
		if err != nil {
			t.Fatal(err)
		}
		for route, o := range p.operations {
			verb, path, _ := strings.Cut(route, " ")
			path = strings.NewReplacer("{number}", "1", "{functions}", "language").Replace(path)
			for strings.Contains(path, "{") {
				before, rest, _ := strings.Cut(path, "{")
				_, after, _ := strings.Cut(rest, "}")
				path = before + "page" + after
			}
			refused := func(path, body, name string) {
				t.Helper()
				got := s.ask(t, "page", verb, path, body)
				if got.status != 400 || !strings.Contains(got.body, name) {
					t.Errorf("%s with %s%s: %d %.300s; wanted 400 that names '%s'", route, path, body, got.status, got.body, name)
				}
			}
			if body, isJSON := o.RequestBody.Content["application/json"]; isJSON && body.Schema.Ref != "" {
				refused(path, `{"noSuchMember":1}`, "noSuchMember")
				refused(path, `[]`, "object")
				bodies++
			}
			refused(path+"?no_such_parameter=1", "", "no_such_parameter")
			for _, parameter := range o.Parameters {
				if parameter.In == "query" && (parameter.Schema.Type != "string" || parameter.Schema.Format == "uint64") {
					refused(path+"?"+url.QueryEscape(parameter.Name)+"=wrong", "", "wrong")
					parameters++
				}
			}
		}
	}
	if bodies == 0 || parameters == 0 {
		t.Errorf("%d bodies and %d parameters were tried", bodies, parameters)
	}
}
