package scheduler

// Pick chooses the pool for a request: of those that every filter lets pass the
// one with the highest score, the earliest in pools when several have it, or with
// the stochastic handler any of them, by chance. It fails with a *NoValidBackend, or with what Config.Check says.
func Pick(cfg Config, pools []Pool, req Request) (Pool, error) {
	fs, err := cfg.filters()
	if err != nil {
		return Pool{}, err
	}
	ws, err := cfg.weighers()
	if err != nil {
		return Pool{}, err
	}
	stochastic, err := cfg.stochastic()
	if err != nil {
		return Pool{}, err
	}
	checks := prepare(fs, &req)
	left := pass(pools, checks)
	if len(left) == 0 {
		return Pool{}, explain(pools, checks)
	}
	scores := score(&cfg, &req, left, ws, stochastic)
	if stochastic {
		return *left[draw(scores, cfg.dice()())], nil
	}
	return *left[best(scores)], nil
}

// Suits tells which pools a volume type may use, whatever a volume's size.
func Suits(cfg Config, pools []Pool, extraSpecs map[string]string) ([]bool, error) {
	fs, err := cfg.filters()
	if err != nil {
		return nil, err
	}
	checks := prepare(fs, &Request{ExtraSpecs: extraSpecs})
	out := make([]bool, len(pools))
	for i := range pools {
		out[i] = firstRefusal(&pools[i], checks) < 0
	}
	return out, nil
}

// check is a filter made ready for one request.
type check struct {
	name   string
	passes func(*Pool) bool
}

// prepare puts before the configured filters what no configuration may drop.
func prepare(fs []namedFilter, r *Request) []check {
	checks := []check{{"resource backend", func(p *Pool) bool {
		return (r.OnlyBackend == "" || r.OnlyBackend == backend(p.Host)) && (r.OnlyPool == "" || r.OnlyPool == p.Host) &&
			(r.NotPool == "" || r.NotPool != p.Host)
	}}, {"tried before", retryFilter(r)}}
	for _, f := range fs {
		checks = append(checks, check{f.name, f.prepare(r)})
	}
	return checks
}

func pass(pools []Pool, checks []check) []*Pool {
	var left []*Pool
	for i := range pools {
		if firstRefusal(&pools[i], checks) < 0 {
			left = append(left, &pools[i])
		}
	}
	return left
}

// firstRefusal is the index of the first check that refuses a pool, or -1.
func firstRefusal(p *Pool, checks []check) int {
	for i, c := range checks {
		if !c.passes(p) {
			return i
		}
	}
	return -1
}
