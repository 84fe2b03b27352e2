package expr

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var vars = Vars{
	"stats": {"n": 5.0, "free": 10.75, "name": "abc", "none": nil, "b": true, "quoted": `"q"`, "list": []any{1.0}},
	"caps":  {"x": "100", "padded": " 7 ", "inf": math.Inf(1)},
}

func eval(text string) (any, error) {
	e, err := Parse(text)
	if err != nil {
		return nil, err
	}
	return e.Eval(vars)
}

// The values are those that Cinder's own evaluator gives.
func TestExpressions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		"872 - 453 + 44 / 22 * 4 + 66":          493.0,
		"10/4+0.75    + 2":                      5.25,
		"-2+1":                                  -1.0,
		"5+-2":                                  3.0,
		"- - 3":                                 3.0,
		"2 * -3":                                -6.0,
		"1 - 2 - 3":                             -4.0,
		"-2 ^ 2":                                -4.0,
		"2^3^2":                                 512.0,
		"4 ^ 1.5":                               8.0,
		"(1+2)*(3-1)/((1+(2-1)))":               3.0,
		"abs(-5)":                               5.0,
		"abs stats.n":                           5.0,
		"max(1,2,3)":                            3.0,
		"min(1,max(2,3))":                       1.0,
		"max(1,stats.n)*2":                      10.0,
		"1 < 2":                                 true,
		"1<2<3":                                 true,
		"1<3<2":                                 false,
		"3 <> 4":                                true,
		"1 == 1.0":                              true,
		"(1 == 1) == !(1 == 2)":                 true,
		"not 1 > 2":                             false, // not binds tighter than a comparison
		"not not 0":                             false,
		"!0":                                    true,
		"(1 == 1) OR NOT (2 == 2) AND (5 == 5)": true,
		"(1 and 0) or 1 and 1":                  1.0,
		"1 &&0":                                 0.0,
		"1 or 2":                                1.0,
		"(1 < 2) ? 5 : 10":                      5.0,
		"1 > 0 and 2 > 1 ? 3 : 4":               3.0,
		"stats.n>1?stats.n:2":                   5.0,
		"0 ? 1/0 : 2":                           2.0,
		"stats.free":                            10.0, // a variable loses its fraction
		"stats.b":                               1.0,
		"stats.b == True":                       false,
		"caps.x + 1":                            101.0,
		"caps.padded":                           7.0,
		"stats.quoted":                          "q",
		"stats.name == 'abc'":                   true,
		"stats.name == abc":                     true,
		"stats.name != 5":                       true,
		`"5" == 5`:                              false,
		"'a' + 'b'":                             "ab",
		"a.b.c":                                 "a.b.c",
		"1,2":                                   []any{1.0, 2.0},
		"(1, 2), 3":                             []any{[]any{1.0, 2.0}, 3.0},
		// Where Cinder's evaluator takes words for functions or drops terms.
		"stats.n > 1 and stats.n < 3": false,
		"5 > stats.n and 2 > 1":       false,
		"stats.n and 2":               2.0,
		"1 and 2 and 0":               0.0,
		"0 or 0 or 1":                 1.0,
		"0 ? 1 : 0 ? 2 : 3":           3.0,
	} {
		got, err := eval(text)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s is %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestExpressionsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "1/*1", "1/0", "0 ^ -1", "2^-1", "5 % 2", "5.", "1e5", "1 if 2", "(5)(6)", "'x", `"a` + "\n\"", "5 5", "(1", "1)",
		"1 ? 2", "1 ? 2 3", "foo.bar", "stats.nope", "stats.none", "stats.list", "caps.inf", "'a' < 1", "stats.name + 1", "'ab'*2", "-'a'",
		"max(5)", "abs(1,2)", "abs('a')", "min(1,'a')", "exec(1)", "stats.name(1)", "__import__('os')", "10^400", "(0-8)^0.5", "1 && 1/0", "1 = 1", "a; b", "$x", "é",
		strings.Repeat("9", 400), strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300), strings.Repeat("1+", maxText) + "1",
		strings.Repeat("-", 300) + "1", strings.Repeat("!", 300) + "1", strings.Repeat("2^", 300) + "1", strings.Repeat("1,", 300) + "1",
		strings.Repeat("1?2:", 300) + "1", strings.Repeat("abs ", 300) + "1"} {
		if got, err := eval(text); err == nil {
			t.Errorf("%.60s is %v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"(stats.n > 1) and caps.x < 3 ? max(1, 2) : -2 ^ 2", "'a' + \"b\"\"c\"", "not (1 <> 2) || !0", "1,2,(3,4)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			return
		}
		v, err := e.Eval(vars)
		if err != nil {
			return
		}
		switch v := v.(type) {
		case float64, bool, []any:
		case string:
			if len(v) > maxResult {
				t.Errorf("%d bytes of text", len(v))
			}
		default:
			t.Errorf("%q is a %T", text, v)
		}
	})
}
