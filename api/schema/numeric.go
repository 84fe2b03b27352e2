package schema

import (
	"encoding/json"
	"math/big"
	"strconv"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// numericText makes minimum and maximum hold for numbers that come as text, as
// Cinder does for sizes and quotas.
var numericText = &jsonschema.Vocabulary{
	URL: "urn:clinker:numeric-text",
	Compile: func(_ *jsonschema.CompilerContext, obj map[string]any) (jsonschema.SchemaExt, error) {
		b := bounds{low: rat(obj["minimum"]), high: rat(obj["maximum"])}
		if b.low == nil && b.high == nil {
			return nil, nil
		}
		return b, nil
	},
}

type bounds struct{ low, high *big.Rat }

func rat(v any) *big.Rat {
	n, ok := v.(json.Number)
	if !ok {
		return nil
	}
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return nil
	}
	return r
}

func (b bounds) Validate(ctx *jsonschema.ValidatorContext, v any) {
	s, ok := v.(string)
	if !ok {
		return
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && f == 0 {
		return
	}
	n := new(big.Rat).SetFloat64(f)
	if n == nil { // an infinity: beyond every bound
		n = new(big.Rat).SetInt64(1 << 62)
	}
	if b.low != nil && n.Cmp(b.low) < 0 {
		ctx.AddError(&kind.Minimum{Got: n, Want: b.low})
	}
	if b.high != nil && n.Cmp(b.high) > 0 {
		ctx.AddError(&kind.Maximum{Got: n, Want: b.high})
	}
}
