package scheduler

import (
	"strings"

	"github.com/clinker-io/clinker/scheduler/expr"
)

// CheckFunction says what is wrong with the text of a filter_function or a
// goodness_function.
func CheckFunction(text string) error {
	_, err := expr.Parse(text)
	return err
}

// results evaluates a function that the pool reports under key, once for each
// spelling of its protocol when the function asks for that. It returns nil when
// the pool reports none; what fails is left out, and told to the request.
func (r *Request) results(p *Pool, key string) (values []any, set bool) {
	text, ok := p.Stats[key].(string)
	if !ok {
		return nil, false
	}
	f, err := expr.Parse(text)
	if err != nil {
		r.trouble(p, key, err)
		return nil, true
	}
	for _, vars := range r.variables(p, strings.Contains(text, "storage_protocol")) {
		v, err := f.Eval(vars)
		if err != nil {
			r.trouble(p, key, err)
			continue
		}
		values = append(values, v)
	}
	return values, true
}

func (r *Request) trouble(p *Pool, key string, err error) {
	if r.Trouble != nil {
		r.Trouble(p.Host, key, err)
	}
}

// variables are what the functions see.
func (r *Request) variables(p *Pool, perProtocol bool) []expr.Vars {
	extra := make(map[string]any, len(r.ExtraSpecs))
	for k, v := range r.ExtraSpecs {
		extra[k] = v
	}
	all := expr.Vars{"stats": p.state(), "capabilities": p.Stats, "volume": r.Volume, "extra": extra, "qos": r.QoS}
	if !perProtocol {
		return []expr.Vars{all}
	}
	var out []expr.Vars
	for _, protocol := range p.protocols() {
		one := expr.Vars{"volume": all["volume"], "extra": extra, "qos": all["qos"]}
		for _, group := range []string{"stats", "capabilities"} {
			one[group] = with(all[group], "storage_protocol", protocol)
		}
		out = append(out, one)
	}
	return out
}

func with(m map[string]any, key string, value any) map[string]any {
	out := make(map[string]any, len(m)+1)
	for k, v := range m {
		out[k] = v
	}
	out[key] = value
	return out
}

// protocols are the spellings of what the pool reports.
func (p *Pool) protocols() []any {
	switch v := p.Stats["storage_protocol"].(type) {
	case []any:
		return v
	case string:
		var out []any
		for _, s := range protocolSpellings(v) {
			out = append(out, s)
		}
		return out
	}
	return []any{nil}
}

// ofReport are the keys of a report that are read as they are.
var ofReport = []string{"volume_backend_name", "vendor_name", "driver_version", "storage_protocol", "QoS_support", "total_capacity_gb", "free_capacity_gb"}

// state is the pool as functions and queries know it, beside its report.
func (p *Pool) state() map[string]any {
	s := map[string]any{
		"host": p.Host, "backend_id": p.Host, "cluster_name": nil,
		"allocated_capacity_gb": p.AllocatedGiB, "reserved_percentage": p.ReservedPercentage,
	}
	if p.Cluster != "" {
		s["cluster_name"], s["backend_id"] = p.Cluster, p.Cluster
	}
	for _, key := range ofReport {
		s[key] = p.Stats[key]
	}
	return s
}
