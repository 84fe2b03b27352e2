package scheduler

import (
	"encoding/json"
	"fmt"
)

// hints are the scheduler hints that the filters know; others are ignored, as
// Cinder does.
type hints struct {
	SameHost      oneOrMany `json:"same_host"`
	DifferentHost oneOrMany `json:"different_host"`
	// These two are what they are: a filter that is not configured does not mind.
	Query           any `json:"query"`
	LocalToInstance any `json:"local_to_instance"`
}

// oneOrMany is a text or a list of texts.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*o = oneOrMany{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(o))
}

func readHints(raw json.RawMessage) (hints, error) {
	var h hints
	if len(raw) == 0 {
		return h, nil
	}
	if err := json.Unmarshal(raw, &h); err != nil {
		return h, fmt.Errorf("scheduler hints: %w", err)
	}
	return h, nil
}
