package e2e

import (
	"fmt"
	"slices"
	"testing"
)

func canQuery(s subject) bool { return slices.Contains(s.capabilities, "QUERY_API") }

func TestQuery(t *testing.T) {
	forSubjects(t, func(t *testing.T, s subject) {
		w := start(t, s)
		for i, person := range []string{
			`{"age":40,"name":{"first":"Ada"},"state":"CA"}`,
			`{"age":30,"name":{"first":"Bob"},"state":"WA"}`,
			`{"age":30.5,"name":{"first":"Cem"},"state":"CA"}`,
			`{"age":9,"name":{"first":"Dan"},"state":"OR"}`,
			`{"age":30,"name":{"first":"Eve"},"state":"WA"}`,
		} {
			must(t, w.grpc().save(soon(t), "store", item{key: string(rune('a' + i)), value: person}))
		}
		must(t, w.grpc().save(soon(t), "store", item{key: "f", value: "no JSON at all"}))

		for name, api := range map[string]api{"http": w.http(), "grpc": w.grpc()} {
			t.Run(name, func(t *testing.T) {
				findsWhatIsAsked(t, api)
				t.Run("page by page", func(t *testing.T) { findsPageByPage(t, api) })
			})
		}
	}, canQuery)
}

func findsWhatIsAsked(t *testing.T, api api) {
	const byName = `,"sort":[{"key":"name.first"}]`
	for _, c := range []struct {
		name, query string
		want        string // the keys, in order
	}{
		{"equal text", `{"filter":{"EQ":{"state":"CA"}}` + byName + `}`, "ac"},
		{"equal in depth", `{"filter":{"EQ":{"name.first":"Dan"}}}`, "d"},
		{"numbers by value", `{"filter":{"EQ":{"age":30.0}}` + byName + `}`, "be"},
		{"not equal", `{"filter":{"NEQ":{"state":"CA"}}` + byName + `}`, "bde"},
		{"greater", `{"filter":{"GT":{"age":30}}` + byName + `}`, "ac"},
		{"greater or equal", `{"filter":{"GTE":{"age":30}}` + byName + `}`, "abce"},
		{"less", `{"filter":{"LT":{"age":30}}` + byName + `}`, "d"},
		{"less or equal", `{"filter":{"LTE":{"age":30}}` + byName + `}`, "bde"},
		{"one of", `{"filter":{"IN":{"state":["OR","CA"]}}` + byName + `}`, "acd"},
		{"both", `{"filter":{"AND":[{"EQ":{"state":"WA"}},{"EQ":{"name.first":"Eve"}}]}}`, "e"},
		{"either", `{"filter":{"OR":[{"EQ":{"state":"OR"}},{"EQ":{"age":40}}]}` + byName + `}`, "ad"},
		{"nested", `{"filter":{"OR":[{"EQ":{"state":"OR"}},{"AND":[{"GT":{"age":10}},{"IN":{"state":["CA"]}}]}]}` + byName + `}`, "acd"},
		{"sorted by two keys", `{"filter":{"GT":{"age":10}},"sort":[{"key":"age","order":"DESC"},{"key":"name.first","order":"ASC"}]}`, "acbe"},
		{"sorted backwards", `{"filter":{"GT":{"age":0}},"sort":[{"key":"name.first","order":"DESC"}]}`, "edcba"},
		{"nothing", `{"filter":{"EQ":{"state":"TX"}}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			items, _, err := api.query(soon(t), "store", c.query)

			must(t, err)
			if got := keysOf(items); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			for _, it := range items {
				if want := mustGet(t, api, "store", it.key); it.value != want.value || it.etag != want.etag {
					t.Errorf("%s: found %s with etag %s, is %s with %s", it.key, it.value, it.etag, want.value, want.etag)
				}
			}
		})
	}
}

func findsPageByPage(t *testing.T, api api) {
	var pages []string
	token := ""
	for len(pages) < 10 {
		items, next, err := api.query(soon(t), "store", fmt.Sprintf(
			`{"filter":{"GT":{"age":0}},"sort":[{"key":"name.first"}],"page":{"limit":2,"token":%q}}`, token))
		must(t, err)
		if len(items) == 0 {
			break
		}
		pages = append(pages, keysOf(items))
		if token = next; token == "" {
			break
		}
	}

	if want := []string{"ab", "cd", "e"}; !slices.Equal(pages, want) {
		t.Errorf("got pages %q, want %q", pages, want)
	}
}

func keysOf(items []item) (keys string) {
	for _, it := range items {
		keys += it.key
	}
	return keys
}
