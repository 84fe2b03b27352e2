package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
)

// program is a testing.TB outside of go test: what the packages that start
// services ask of a test, a program can give them as well.
type program struct {
	testing.TB // the methods that nobody calls here
	ctx        context.Context
	cancel     context.CancelFunc

	mu       sync.Mutex
	failed   bool // something went wrong with what runs here
	badly    bool // what was to be found out is bad news
	cleanups []func()
}

// runProgram calls f and then what it left to clean up, last things first. It
// reports whether f went without an error.
func runProgram(ctx context.Context, f func(p *program)) bool {
	p := &program{}
	p.ctx, p.cancel = context.WithCancel(ctx)
	p.aside(func() { f(p) })
	p.cancel()
	for {
		p.mu.Lock()
		n := len(p.cleanups)
		if n == 0 {
			defer p.mu.Unlock()
			return !p.failed && !p.badly
		}
		last := p.cleanups[n-1]
		p.cleanups = p.cleanups[:n-1]
		p.mu.Unlock()
		p.aside(last)
	}
}

// aside runs f on a goroutine of its own, which FailNow may end.
func (p *program) aside(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// together does things at once and ends the program when one of them failed.
func (p *program) together(things ...func()) {
	var all sync.WaitGroup
	for _, f := range things {
		all.Go(func() { p.aside(f) })
	}
	all.Wait()
	if p.Failed() {
		p.FailNow()
	}
}

func (p *program) Helper()                  {}
func (p *program) Name() string             { return "tempest" }
func (p *program) Context() context.Context { return p.ctx }

func (p *program) Cleanup(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cleanups = append(p.cleanups, f)
}

func (p *program) TempDir() string {
	dir, err := os.MkdirTemp("", "clinker-tempest-")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (p *program) Failed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed
}

// endBadly makes the program end with a failure, while the services have done
// nothing for which their logs would be wanted.
func (p *program) endBadly() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.badly = true
}

func (p *program) Fail() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = true
}

func (p *program) FailNow() {
	p.Fail()
	runtime.Goexit()
}

func (p *program) Log(args ...any)                 { fmt.Fprintln(os.Stderr, args...) }
func (p *program) Logf(format string, args ...any) { p.Log(fmt.Sprintf(format, args...)) }
func (p *program) Error(args ...any)               { p.Log(args...); p.Fail() }
func (p *program) Errorf(format string, args ...any) {
	p.Logf(format, args...)
	p.Fail()
}
func (p *program) Fatal(args ...any) { p.Log(args...); p.FailNow() }
func (p *program) Fatalf(format string, args ...any) {
	p.Logf(format, args...)
	p.FailNow()
}
