package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// timings collects from several goroutines.
type timings struct {
	mu   sync.Mutex
	took []time.Duration
	ids  []string
}

func (t *timings) add(id string, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.took = append(t.took, took)
	t.ids = append(t.ids, id)
}

func (t *timings) percentile(p int) time.Duration { return t.took[len(t.took)*p/100] }

// times runs do n times, so many at once; the times come back sorted.
func times(n, concurrency int, do func(i int) (string, error)) (*timings, time.Duration, error) {
	var t timings
	var g errgroup.Group
	g.SetLimit(concurrency)
	begun := time.Now()
	for i := range n {
		g.Go(func() error {
			begun := time.Now()
			id, err := do(i)
			t.add(id, time.Since(begun))
			return err
		})
	}
	err := g.Wait()
	took := time.Since(begun)
	slices.Sort(t.took)
	return &t, took, err
}

// warmUp is how many of the calls go before those that count.
const warmUp = 10

// measure notes what n calls took, and what they cost the service and its
// database in processor time.
func (b *bench) measure(what string, n, concurrency int, do func(i int) (string, error)) ([]string, error) {
	warm, _, err := times(min(n, warmUp), concurrency, do)
	if err != nil {
		return warm.ids, fmt.Errorf("%s: %w", what, err)
	}
	before, err := b.spent()
	if err != nil {
		return warm.ids, err
	}
	t, took, err := times(n, concurrency, func(i int) (string, error) { return do(i + warmUp) })
	ids := append(warm.ids, t.ids...)
	if err != nil {
		return ids, fmt.Errorf("%s: %w", what, err)
	}
	after, err := b.spent()
	if err != nil {
		return ids, err
	}
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	what = fmt.Sprintf("%s, %d at a time", what, concurrency)
	b.results[what] = result{t.percentile(50), (after.service - before.service) / time.Duration(n), (after.database - before.database) / time.Duration(n)}
	b.note(what, "p50 %7.2f ms  p99 %7.2f ms  %6.0f/s  CPU %6.2f ms + %.2f of PostgreSQL",
		ms(t.percentile(50)), ms(t.percentile(99)), float64(n)/took.Seconds(),
		ms(after.service-before.service)/float64(n), ms(after.database-before.database)/float64(n))
	return ids, nil
}

// lifecycle measures creating and deleting volumes.
func (b *bench) lifecycle() error {
	var made []string
	for _, step := range []struct {
		what        string
		concurrency int
		do          func(int) (string, error)
	}{
		{"POST /volumes to 202", 1, func(int) (string, error) { return b.ask() }},
		{"POST /volumes to available", 1, func(int) (string, error) { return b.create() }},
		{"POST /volumes to available", 16, func(int) (string, error) { return b.create() }},
	} {
		ids, err := b.measure(step.what, b.samples, step.concurrency, step.do)
		made = append(made, ids...)
		if err != nil {
			return err
		}
	}
	if _, err := b.measure("attachment create, update, complete, delete", b.samples, 1, func(i int) (string, error) { return "", b.attach(made[i]) }); err != nil {
		return err
	}
	_, err := b.measure("DELETE to gone", b.samples, 1, func(i int) (string, error) { return "", b.remove(made[i]) })
	return err
}

// reading measures pages and single volumes.
func (b *bench) reading() error {
	ids, err := b.fill()
	if err != nil {
		return err
	}
	show := func(i int) (string, error) { return "", b.get("/volumes/" + ids[i%len(ids)]) }
	page := func(n int) func(int) (string, error) {
		return func(int) (string, error) { return "", b.page(fmt.Sprintf("/volumes/detail?limit=%d", n), n) }
	}
	for _, step := range []struct {
		what           string
		n, concurrency int
		do             func(int) (string, error)
	}{
		{"show", 5000, 1, show}, {"show", 20000, 16, show},
		{"list-detail of 50", 1000, 1, page(50)}, {"list-detail of 50", 4000, 16, page(50)},
		{fmt.Sprintf("list-detail of %d", b.volumes), 200, 1, page(b.volumes)}, {fmt.Sprintf("list-detail of %d", b.volumes), 400, 4, page(b.volumes)},
	} {
		if _, err := b.measure(step.what, step.n/b.fewer, step.concurrency, step.do); err != nil {
			return err
		}
	}
	return nil
}

// fill makes volumes until there are as many as the list shall show.
func (b *bench) fill() ([]string, error) {
	have, err := b.ids()
	if err != nil {
		return nil, err
	}
	t, _, err := times(max(0, b.volumes-len(have)), 16, func(int) (string, error) { return b.create() })
	return append(have, t.ids...), err
}
