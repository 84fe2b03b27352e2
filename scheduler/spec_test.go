package scheduler

import "testing"

func TestSpecOperators(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value any
		spec  string
		want  bool
	}{
		{"lvm", "lvm", true},
		{"lvm", "LVM", false},
		{"a b", "a b", true},
		{"", "", true},
		{true, "True", false}, // what <is> is for
		{5.0, "5", false},     // what == is for
		{nil, "", false},
		{nil, "s!= x", false},

		{5.0, "= 4", true}, // at least
		{5.0, "= 6", false},
		{"5", ">= 5", true},
		{5.0, "== 5.0", true},
		{5.0, "!= 5", false},
		{4.0, "!= 5", true},
		{5.0, "<= 5", true},
		{5.1, "<= 5", false},
		{true, "== 1", true},
		{"infinite", ">= 5", false},
		{5.0, ">= five", false},
		{"five", "!= 5", false},
		{5.0, ">=", false},
		{5.0, "<= nan", false},
		{5.0, "<= inf", false},
		{16.0, "== 0x10", false},

		{"b", "s== b", true},
		{"b", "s!= b", false},
		{5.0, "s!= 5", true},
		{5.0, "s== 5", false},
		{"b", "s< c", true},
		{"b", "s<= b", true},
		{"b", "s> a", true},
		{"b", "s>= c", false},
		{"12", "s< 2", true},

		{"abcdef", "<in> cd", true},
		{"abcdef", "<in> x", false},
		{"abcdef", "<in>", false},
		{5.0, "<in> 5", false},

		{true, "<is> True", true},
		{"true", "<is> yes", true},
		{false, "<is> True", false},
		{false, "<is> nonsense", true},
		{1.0, "<is> true", true},
		{true, "<is>", false},

		{"b", "<or> a <or> b", true},
		{"c", "<or> a <or> b", false},
		{"<or>", "<or> a <or> b", false},
		{"a", "<or>", false},

		{[]any{"a", "b"}, "b", true},
		{[]any{"a", "b"}, "c", false},
		{[]any{nil, 7.0}, ">= 7", true},
		{[]any{}, "c", false},
		{[]string{"iSCSI", "iscsi"}, "iscsi", true},
		{map[string]any{"a": "b"}, "b", false},
	} {
		if got := parseSpec(c.spec).match(c.value); got != c.want {
			t.Errorf("%#v against %q: %v", c.value, c.spec, got)
		}
	}
}

func FuzzSpec(f *testing.F) {
	for _, s := range []string{"", "lvm", "= 4", "s!= x", "<in>", "<is> True", "<or> a <or> b", "<or>", "== 1e400", "\x00 <or>"} {
		f.Add(s, "b")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		s := parseSpec(text)
		one := s.match(value)
		if list := s.match([]any{value}); list != one {
			t.Errorf("%q: %v for %q, %v for a list of it", text, one, value, list)
		}
		for _, v := range []any{true, 1.5, map[string]any{}, []any{[]any{value}}} {
			s.match(v) // must not panic
		}
		if s.match(nil) {
			t.Errorf("%q matches a null capability", text)
		}
	})
}
