package file

import (
	"fmt"
	"strings"

	"github.com/clinker-io/clinker/volume/driver"
)

// partSuffix marks a file that is not whole.
const partSuffix = ".part"

// maxName leaves room for partSuffix within NAME_MAX.
const maxName = 250 - len(partSuffix)

const templateRule = `a file name with one %s in it that does not start with "." or end with ".part"`

func validTemplate(t string) bool {
	return strings.Count(t, "%") == 1 && strings.Count(t, "%s") == 1 &&
		checkName(strings.ReplaceAll(t, "%s", strings.Repeat("0", uuidLen))) == nil
}

// checkName keeps every name that comes from outside within the folder and
// apart from the driver's own files.
func checkName(name string) error {
	if name == "" || len(name) > maxName || name[0] == '.' ||
		strings.ContainsAny(name, "/\x00") || strings.HasSuffix(name, partSuffix) {
		return fmt.Errorf("%w: %q cannot be the name of a volume's file", driver.ErrInvalid, name)
	}
	return nil
}

// parse tells what a file in the folder is; ok is false for foreign files.
func (o Options) parse(file string) (found driver.Found, ok bool) {
	base, half := strings.CutSuffix(file, partSuffix)
	found = driver.Found{Name: file, Made: !half}
	if found.ID, ok = idIn(base, o.VolumeNameTemplate); ok {
		found.Kind = driver.KindVolume
		return found, true
	}
	found.Kind = driver.KindSnapshot
	found.ID, ok = idIn(base, o.SnapshotNameTemplate)
	return found, ok
}

func idIn(name, template string) (string, bool) {
	before, after, _ := strings.Cut(template, "%s")
	id, ok := strings.CutPrefix(name, before)
	if !ok {
		return "", false
	}
	id, ok = strings.CutSuffix(id, after)
	return id, ok && isUUID(id)
}

const uuidLen = 36

// isUUID accepts the one spelling that the database writes: lower case, dashes.
func isUUID(s string) bool {
	if len(s) != uuidLen {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}
