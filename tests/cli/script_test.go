package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A script in testdata/commands is a chain of steps, one per line:
//
//	openstack ARGUMENTS        a command that must succeed
//	cinder@3.8 ARGUMENTS       the same at a microversion
//	as NAME cinder ARGUMENTS   the same, as another person than the runner
//	! openstack ARGUMENTS      a command that must fail
//	wait volumes/ID STATUS     until the API shows it so
//	moved ID POOL              until the volume is there
//	gone volumes/ID            until the API does not know it
//	file NAME                  a file of 1 GiB in the pool of the backend one
//
// with what is expected of a command indented below it:
//
//	KEY = VALUE                a line of a table of two columns
//	KEY ~ TEXT                 the same, with TEXT somewhere in the value
//	KEY -> NAME                the value is $NAME from now on
//	columns A,B,C              the header of the table
//	row A=VALUE B~TEXT C->NAME a row of a table
//	no row A=VALUE             there is none
//	says TEXT                  somewhere in what is printed
//	hides TEXT                 not anywhere in what is printed
//	silent                     nothing is printed
//
// Quotation marks keep words together, # begins a comment. A script keystone_NAME
// is for a service with a Keystone, one compute_NAME needs a compute service.
type step struct {
	where  string
	words  []string
	checks [][]string
}

// scripts reads those of a folder.
func scripts(t *testing.T, dir string) map[string][]step {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	all := make(map[string][]step)
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txt")
		if all[name], err = parseScript(name, string(raw)); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func parseScript(name, text string) (steps []step, err error) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		where := fmt.Sprintf("%s:%d", name, n)
		words, err := split(line)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", where, err)
		case len(words) == 0:
		case line[0] != ' ' && line[0] != '\t':
			steps = append(steps, step{where: where, words: words})
		case len(steps) == 0:
			return nil, fmt.Errorf("%s: nothing that this could be expected of", where)
		default:
			last := &steps[len(steps)-1]
			last.checks = append(last.checks, words)
		}
	}
	return steps, nil
}

// split cuts a line into words.
func split(line string) (words []string, err error) {
	var word strings.Builder
	open, quoted := false, false
	end := func() {
		if open {
			words = append(words, word.String())
			word.Reset()
			open = false
		}
	}
	for _, r := range line {
		switch {
		case r == '"':
			quoted, open = !quoted, true
		case quoted:
			word.WriteRune(r)
			open = true
		case r == '#' && !open:
			end()
			return words, nil
		case r == ' ' || r == '\t' || r == '\n':
			end()
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if quoted {
		return nil, errors.New("a quotation mark is not closed")
	}
	end()
	return words, nil
}

func commandLine(program string, args []string) string {
	return program + " " + strings.Join(args, " ")
}
