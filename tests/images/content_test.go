package images

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each image gets a test of its own.
func each(t *testing.T, names []string, test func(t *testing.T, i *image)) {
	for _, name := range names {
		t.Run(name, func(t *testing.T) { test(t, open(t, name)) })
	}
}

func TestNobodyGetsMoreRights(t *testing.T) {
	each(t, published, func(t *testing.T, i *image) {
		for path, f := range i.files {
			mode := f.header.Mode
			if mode&0o6000 != 0 {
				t.Errorf("%s is setuid or setgid: %o", path, mode)
			}
			if mode&0o002 != 0 && f.header.Typeflag != '2' && mode&0o1000 == 0 {
				t.Errorf("%s may be written by everybody: %o", path, mode)
			}
			if f.header.PAXRecords["SCHILY.xattr.security.capability"] != "" {
				t.Errorf("%s carries capabilities", path)
			}
			if f.header.Uid != 0 || f.header.Gid != 0 {
				t.Errorf("%s is owned by %d:%d; who runs here owns nothing", path, f.header.Uid, f.header.Gid)
			}
		}
		if i.config.User != "65532:65532" {
			t.Errorf("runs as '%s'", i.config.User)
		}
	})
}

var toLookAroundWith = regexp.MustCompile(
	`^(\w*sh|busybox|env|cat|ls|cp|python[\d.]*|perl|apt[\w-]*|dpkg[\w-]*|curl|wget|nc|openssl|gdb|strace|su|sudo)$`)

func TestAProgramIsAlone(t *testing.T) {
	each(t, programs, func(t *testing.T, i *image) {
		var executables []string
		for path, f := range i.files {
			if f.header.Typeflag == '0' && f.header.Mode&0o111 != 0 && !strings.Contains(path, ".so") {
				executables = append(executables, path)
			}
			if toLookAroundWith.MatchString(filepath.Base(path)) && f.header.Typeflag != '5' {
				t.Errorf("%s: nobody needs it here but an intruder", path)
			}
		}
		if !slices.Equal(executables, []string{"/usr/bin/" + i.name}) {
			t.Errorf("executable: %v", executables)
		}
		if !slices.Equal(i.config.Entrypoint, executables) {
			t.Errorf("the entrypoint is %v", i.config.Entrypoint)
		}
	})
}

// No program is linked with these, so nothing else would miss them before somebody asks for TLS or metrics.
func TestWhatAProgramOpensIsThere(t *testing.T) {
	each(t, programs, func(t *testing.T, i *image) {
		for _, library := range []string{"libssl.so.3", "libcrypto.so.3", "libmicrohttpd.so.12"} {
			found := false
			for path := range i.files {
				found = found || filepath.Base(path) == library
			}
			if !found {
				t.Errorf("%s is missing", library)
			}
		}
	})
}

// What roots.py writes itself; everything else is a program of ours or a file of a package.
var written = regexp.MustCompile(`^/(etc/(passwd|group|nsswitch\.conf)|etc/ssl/certs/ca-certificates\.crt` +
	`|usr/share/sbom/[\w-]+\.spdx\.json|usr/share/doc/[\w.+-]+/copyright|var/lib/dpkg/status\.d/[\w.+-]+)$`)

func TestEveryFileIsItsPackages(t *testing.T) {
	each(t, published, func(t *testing.T, i *image) {
		sums := map[string]string{}
		for path, f := range i.files {
			if strings.HasPrefix(path, "/var/lib/dpkg/status.d/") && strings.HasSuffix(path, ".md5sums") {
				for line := range strings.Lines(string(f.data)) {
					sum, of, _ := strings.Cut(strings.TrimSpace(line), "  ")
					sums["/"+of] = sum
				}
			}
		}
		delivered := 0
		for path, f := range i.files {
			ours := path == "/usr/bin/"+i.name || i.name == "toolbox" && path == "/usr/bin/grpcurl"
			if f.header.Typeflag != '0' || written.MatchString(path) || ours {
				continue
			}
			found := md5.Sum(f.data)
			if sums[path] != hex.EncodeToString(found[:]) {
				t.Errorf("%s: no package delivered it as it is", path)
			}
			delivered++
		}
		if delivered < 3 { // the C library, the loader and the release's name at least
			t.Errorf("only %d files of packages", delivered)
		}
	})
}

// A machine that builds may trust authorities of its administrator; who runs an image does not.
func TestAuthoritiesAreDebians(t *testing.T) {
	debians := map[string]bool{}
	paths, err := filepath.Glob("/usr/share/ca-certificates/mozilla/*.crt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("ca-certificates is not here: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		debians[string(block.Bytes)] = true
	}
	each(t, published, func(t *testing.T, i *image) {
		count := 0
		rest := i.files["/etc/ssl/certs/ca-certificates.crt"].data
		for block, after := pem.Decode(rest); block != nil; block, after = pem.Decode(after) {
			if !debians[string(block.Bytes)] {
				t.Errorf("an authority that ca-certificates does not have")
			}
			count++
		}
		if count != len(debians) {
			t.Errorf("%d authorities, wanted %d", count, len(debians))
		}
		for _, path := range []string{"/usr/lib/ssl/cert.pem", "/usr/lib/ssl/certs"} { // where OpenSSL looks
			if link := i.files[path]; link == nil || !strings.HasPrefix(link.header.Linkname, "/etc/ssl/certs") {
				t.Errorf("%s does not lead to the authorities", path)
			}
		}
	})
}

func TestNothingOfTheBuilderIsLeft(t *testing.T) {
	checkout, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	each(t, published, func(t *testing.T, i *image) {
		for path, f := range i.files {
			if bytes.Contains(f.data, []byte(checkout)) {
				t.Errorf("%s names the folder it was built in", path)
			}
			if len(host) > 6 && bytes.Contains(f.data, []byte(host)) {
				t.Errorf("%s names the machine it was built on", path)
			}
			isLibrary := strings.Contains(path, ".so.") // GnuTLS has keys that it tests itself with
			if !isLibrary && bytes.Contains(f.data, []byte("PRIVATE KEY-----\nM")) {
				t.Errorf("%s holds a private key", path)
			}
			if f.header.ModTime.UTC().Format("2006-01-02T15:04:05Z") != i.created {
				t.Errorf("%s is of %v, the image of %s", path, f.header.ModTime, i.created)
			}
		}
		if !slices.Equal(i.config.Env, []string{"PATH=/usr/bin"}) {
			t.Errorf("the environment is %q", i.config.Env)
		}
	})
}

// An image that grows by much holds something new; then this table says so.
func TestSizes(t *testing.T) {
	most := map[string]int64{"dk-memory": 17, "dk-redis": 17, "dk-kafka": 22, "dk-document": 30, "dk-compute": 32, "toolbox": 90}
	each(t, published, func(t *testing.T, i *image) {
		mib := float64(i.bytes) / (1 << 20)
		t.Logf("size| %-12s %5.1f MiB of at most %d", i.name, mib, most[i.name])
		if mib > float64(most[i.name]) {
			t.Errorf("%s has %.1f MiB, more than %d", i.name, mib, most[i.name])
		}
	})
}

func TestTheSameInputsGiveTheSameImage(t *testing.T) {
	for _, name := range published {
		t.Run(name, func(t *testing.T) {
			first, second := fields(t, os.Getenv(folderVar), name), fields(t, os.Getenv(againVar), name)
			if first["digest"] == "" || first["digest"] != second["digest"] || first["layers"] != second["layers"] {
				t.Errorf("made twice: %v and %v", first, second)
			}
		})
	}
}
