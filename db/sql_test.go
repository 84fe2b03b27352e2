package db_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"testing"
)

// Every compiled query is one that a freshly migrated database accepts.
func TestEveryStatementPrepares(t *testing.T) {
	t.Parallel()
	s, _ := open(t, unlimited)
	conn, err := s.Pool().Acquire(t.Context())
	must(t, err)
	defer conn.Release()
	files, err := filepath.Glob("*.gen.go")
	must(t, err)
	n := 0
	for _, f := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), f, nil, 0)
		must(t, err)
		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			lit, ok := spec.Values[0].(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			sql, err := strconv.Unquote(lit.Value)
			must(t, err)
			if _, err := conn.Conn().Prepare(t.Context(), spec.Names[0].Name, sql); err != nil {
				t.Errorf("%s: %v", spec.Names[0].Name, err)
			}
			n++
			return true
		})
	}
	if n < 50 {
		t.Fatalf("only %d statements found", n)
	}
}
