package api

import (
	"context"
	"encoding/json"
	"time"
)

// defaultWait bounds how long a call waits for a worker.
const defaultWait = time.Minute

// wait returns the result of a job that the caller's answer depends on.
func (a *API) wait(ctx context.Context, job string) (json.RawMessage, error) {
	limit := a.WaitLimit
	if limit == 0 {
		limit = defaultWait
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return a.Store.Wait(ctx, job)
}
