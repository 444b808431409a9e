package images

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
)

// What the environment has to name.
const (
	folderVar = "DK_IMAGES"   // what ./dev image made
	againVar  = "DK_IMAGES_2" // the same, made a second time from another store
	podmanVar = "PODMAN"
	spdxVar   = "PYSPDXTOOLS" // pyspdxtools of PyPI's spdx-tools
)

// Images that are published, and of these the ones that hold one program and nothing to look around with.
var (
	programs  = []string{"dk-redis", "dk-kafka", "dk-memory", "dk-document", "dk-compute"}
	published = append([]string{"toolbox"}, programs...)
)

// A file of an image, as its layers leave it.
type file struct {
	header *tar.Header
	data   []byte
}

// An image as ./dev image left it: what the archive says, not what an engine makes of it.
type image struct {
	name, reference, digest string
	layers                  []string
	bytes                   int64
	config                  struct {
		User         string
		Entrypoint   []string
		Env          []string
		Labels       map[string]string
		ExposedPorts map[string]any
	}
	created string
	files   map[string]*file // by path, with a slash in front and none behind
}

// fields reads NAME.image: key=value lines.
func fields(t testing.TB, folder, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, name+".image"))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), "="); found {
			values[key] = value
		}
	}
	return values
}

func open(t testing.TB, name string) *image {
	t.Helper()
	folder := rig.Need(t, folderVar)
	values := fields(t, folder, name)
	i := &image{name: name, reference: values["reference"], digest: values["digest"],
		layers: strings.Fields(values["layers"]), files: map[string]*file{}}
	archive, err := os.ReadFile(filepath.Join(folder, name+".tar"))
	if err != nil {
		t.Fatal(err)
	}
	i.bytes = int64(len(archive))
	members := untar(t, archive)
	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	parse(t, members["/manifest.json"].data, &manifest)
	if len(manifest) != 1 || len(manifest[0].RepoTags) != 1 || manifest[0].RepoTags[0] != i.reference {
		t.Fatalf("%s: the archive is of %+v, wanted one image, %s", name, manifest, i.reference)
	}
	var config struct {
		Created string          `json:"created"`
		Config  json.RawMessage `json:"config"`
	}
	parse(t, members["/"+manifest[0].Config].data, &config)
	parse(t, config.Config, &i.config)
	i.created = config.Created
	for _, layer := range manifest[0].Layers {
		for path, member := range untar(t, members["/"+layer].data) {
			if strings.HasPrefix(filepath.Base(path), ".wh.") {
				t.Fatalf("%s: %s takes away what a layer below brought; nothing lies below", name, path)
			}
			i.files[path] = member
		}
	}
	return i
}

func parse(t testing.TB, data []byte, value any) {
	t.Helper()
	if err := json.Unmarshal(data, value); err != nil {
		t.Fatal(err)
	}
}

func untar(t testing.TB, data []byte) map[string]*file {
	t.Helper()
	members := map[string]*file{}
	for reader := tar.NewReader(bytes.NewReader(data)); ; {
		header, err := reader.Next()
		if err == io.EOF {
			return members
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		members[filepath.Clean("/"+header.Name)] = &file{header, content}
	}
}
