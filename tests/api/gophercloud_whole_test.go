package api

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// notWalked are functions of gophercloud that no test calls, and why.
var notWalked = map[string]string{
	"volumes.UploadImage":        "there is no Glance",
	"volumes.ReImage":            "there is no Glance",
	"quotasets.ExtractQuotaSets": "nothing in the library lists them",
}

func TestNoFunctionOfGophercloudIsLeftOut(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/gophercloud/gophercloud/v2").Output()
	if err != nil {
		t.Fatalf("find gophercloud: %v", err)
	}
	root := filepath.Join(strings.TrimSpace(string(out)), "openstack", "blockstorage")
	folders, err := filepath.Glob(filepath.Join(root, "v3", "*"))
	if err != nil {
		t.Fatal(err)
	}
	called := make(map[string]bool)
	for _, f := range parseFolder(t, ".", true) {
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok {
					called[x.Name+"."+s.Sel.Name] = true
				}
			}
			return true
		})
	}
	all := 0
	for _, folder := range append(folders, filepath.Join(root, "apiversions")) {
		if filepath.Base(folder) == "backups" {
			continue // they have no engine yet
		}
		for _, f := range parseFolder(t, folder, false) {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Recv != nil || !fn.Name.IsExported() {
					continue
				}
				name := f.Name.Name + "." + fn.Name.Name
				all++
				if called[name] == (notWalked[name] != "") {
					t.Errorf("%s: called %v, exception %q", name, called[name], notWalked[name])
				}
			}
		}
	}
	if all < 80 {
		t.Errorf("gophercloud has %d functions", all)
	}
}

// parseFolder reads a package's files: its tests or the others.
func parseFolder(t *testing.T, dir string, tests bool) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %v", dir, err, fs.ErrNotExist)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") != tests {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}
