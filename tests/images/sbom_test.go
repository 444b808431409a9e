package images

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
)

type bill struct {
	Packages []struct {
		SPDXID, Name, VersionInfo, SourceInfo string
		Checksums                             []struct{ ChecksumValue string }
		ExternalRefs                          []struct{ ReferenceLocator string }
	}
	Relationships []struct{ SpdxElementID, RelationshipType, RelatedSpdxElement string }
}

// By the checker of SPDX's own project, which knows the specification and not us.
func TestTheBillOfMaterialsIsValid(t *testing.T) {
	checker := rig.Need(t, spdxVar)
	each(t, published, func(t *testing.T, i *image) {
		path := filepath.Join(rig.Need(t, folderVar), i.name+".spdx.json")
		if answer, err := exec.Command(checker, "--infile", path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", path, err, answer)
		}
		beside, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if within := i.files["/usr/share/sbom/"+i.name+".spdx.json"]; within == nil || string(within.data) != string(beside) {
			t.Error("the bill in the image is not the one beside it")
		}
	})
}

func TestTheBillOfMaterialsIsWhatLiesThere(t *testing.T) {
	field := regexp.MustCompile(`(?m)^(Package|Version): (.*)$`)
	each(t, published, func(t *testing.T, i *image) {
		var b bill
		parse(t, i.files["/usr/share/sbom/"+i.name+".spdx.json"].data, &b)
		listed, contained := map[string]string{}, map[string]bool{}
		for _, r := range b.Relationships {
			if r.RelationshipType == "CONTAINS" {
				contained[r.RelatedSpdxElement] = true
			}
		}
		for _, p := range b.Packages {
			if contained[p.SPDXID] {
				listed[p.Name] = p.VersionInfo
			}
			if p.SPDXID == "SPDXRef-program-"+i.name {
				found := sha256.Sum256(i.files["/usr/bin/"+i.name].data)
				if p.Checksums[0].ChecksumValue != hex.EncodeToString(found[:]) {
					t.Errorf("the program has another sum than its bill says")
				}
				if p.SourceInfo != "commit "+i.config.Labels["org.opencontainers.image.revision"] {
					t.Errorf("the program is of '%s', the label says otherwise", p.SourceInfo)
				}
			}
		}
		there := 0
		for path, f := range i.files {
			if filepath.Dir(path) != "/var/lib/dpkg/status.d" || strings.HasSuffix(path, ".md5sums") {
				continue
			}
			paragraph := map[string]string{}
			for _, match := range field.FindAllStringSubmatch(string(f.data), -1) {
				paragraph[match[1]] = match[2]
			}
			if listed[paragraph["Package"]] != paragraph["Version"] {
				t.Errorf("%v is there, the bill has version '%s'", paragraph, listed[paragraph["Package"]])
			}
			if i.files["/usr/share/doc/"+paragraph["Package"]+"/copyright"] == nil {
				t.Errorf("%s comes without its licence", paragraph["Package"])
			}
			delete(listed, paragraph["Package"])
			there++
		}
		if there == 0 {
			t.Error("no package is known to scanners")
		}
		for name, version := range listed { // neither dpkg's
			if name != i.name && !(i.name == "toolbox" && strings.Contains(name, "/")) {
				t.Errorf("the bill has %s %s, which is not there", name, version)
			}
		}
	})
}
