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

// percentiles are "p50 x ms, p99 y ms".
func (t *timings) percentiles() string {
	slices.Sort(t.took)
	n := len(t.took)
	ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
	return fmt.Sprintf("p50 %.1f ms, p99 %.1f ms", ms(t.took[n/2]), ms(t.took[n*99/100]))
}

// times runs do n times, so many at once.
func times(n, concurrency int, do func() (string, error)) (*timings, time.Duration, error) {
	var t timings
	var g errgroup.Group
	g.SetLimit(concurrency)
	begun := time.Now()
	for range n {
		g.Go(func() error {
			begun := time.Now()
			id, err := do()
			t.add(id, time.Since(begun))
			return err
		})
	}
	err := g.Wait()
	return &t, time.Since(begun), err
}

func (b *bench) createOne() (string, error) {
	id, _, err := b.create()
	return id, err
}

func (b *bench) creations(concurrency int) ([]string, error) {
	t, took, err := times(b.samples, concurrency, b.createOne)
	if err != nil {
		return t.ids, err
	}
	b.note(fmt.Sprintf("POST /volumes to available, %d at a time", concurrency), "%s, %.0f volumes/s", t.percentiles(), float64(b.samples)/took.Seconds())
	return t.ids, nil
}

// fill makes volumes until there are as many as the list shall show.
func (b *bench) fill(made *[]string) error {
	have, err := b.list(b.volumes)
	if err != nil {
		return err
	}
	t, _, err := times(max(0, b.volumes-have), 16, b.createOne)
	*made = append(*made, t.ids...)
	return err
}

// listing reads pages of all the volumes for some seconds.
func (b *bench) listing() error {
	const requests = 200
	for _, concurrency := range []int{1, 4} {
		t, took, err := times(requests, concurrency, func() (string, error) {
			n, err := b.list(b.volumes)
			if err == nil && n != b.volumes {
				err = fmt.Errorf("a page shows %d volumes and not %d", n, b.volumes)
			}
			return "", err
		})
		if err != nil {
			return err
		}
		b.note(fmt.Sprintf("list-detail of %d volumes, %d at a time", b.volumes, concurrency), "%.0f requests/s, %s", requests/took.Seconds(), t.percentiles())
	}
	return nil
}
