package images

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"dapr-kit.test/e2e/rig"
)

// roots runs roots.py with words behind what every call has.
func roots(t testing.TB, words ...string) (string, error) {
	script, err := filepath.Abs("../../build/images/roots.py")
	if err != nil {
		t.Fatal(err)
	}
	common := []string{script, "--out", t.TempDir(), "--version", "0", "--epoch", "0"}
	answer, err := exec.Command("python3", append(common, words...)...).CombinedOutput()
	return string(answer), err
}

// dpkg copies dpkg's database, by links but for one file, which edit changes.
func dpkg(t testing.TB, file string, edit func(text string) string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "info"), 0o755); err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("/var/lib/dpkg/info/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "/var/lib/dpkg/status") {
		name := strings.TrimPrefix(path, "/var/lib/dpkg/")
		if name != file {
			err = os.Symlink(path, filepath.Join(folder, name))
		} else if text, failed := os.ReadFile(path); failed == nil {
			err = os.WriteFile(filepath.Join(folder, name), []byte(edit(string(text))), 0o644)
		} else {
			err = failed
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestAFileThatIsNotAsDeliveredIsRefused(t *testing.T) {
	database := dpkg(t, "info/libc6:"+runtime.GOARCH+".md5sums", func(text string) string {
		return regexp.MustCompile(`(?m)^[0-9a-f]{32}(  .*/libc\.so\.6)$`).ReplaceAllString(text, strings.Repeat("0", 32)+"$1")
	})

	answer, err := roots(t, "dk-memory", "--programs", rig.Need(t, rig.BinVar), "--dpkg", database)

	if err == nil || !regexp.MustCompile(`libc\.so\.6' is not as libc6 2\.\S+ delivered it`).MatchString(answer) {
		t.Errorf("%v\n%s", err, answer)
	}
}

func TestAPackageThatIsNotThereIsNamed(t *testing.T) {
	database := dpkg(t, "status", func(text string) string {
		return strings.Replace(text, "\nPackage: libexttextcat-data\n", "\nPackage: something-else\n", 1)
	})

	answer, err := roots(t, "dk-compute", "--programs", rig.Need(t, rig.BinVar), "--dpkg", database)

	if err == nil || !strings.Contains(answer, "package 'libexttextcat-data' is not installed here") {
		t.Errorf("%v\n%s", err, answer)
	}
}

func TestAProgramThatIsNotBuiltIsNamed(t *testing.T) {
	empty := t.TempDir()

	answer, err := roots(t, "dk-redis", "--programs", empty)

	if err == nil || !strings.Contains(answer, "'"+empty+"/dk-redis' is no program") {
		t.Errorf("%v\n%s", err, answer)
	}
}

func TestAnUnknownImageIsNamed(t *testing.T) {
	answer, err := exec.Command("../../dev", "image", "dk-redit").CombinedOutput()

	if err == nil || !strings.Contains(string(answer), "'dk-redit' is none of ours; there are: dk-redis") {
		t.Errorf("%v\n%s", err, answer)
	}
}
