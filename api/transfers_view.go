package api

import (
	"slices"

	"github.com/clinker-io/clinker/db"
)

// newTransfer is a transfer with the key that only the answer to its create shows.
type newTransfer struct {
	db.Transfer
	key string
}

// Fields of a transfer. Links name the old path whichever one was used.
var (
	transferID     = Field[db.Transfer]{"id", 0, anyone, func(b []byte, _ *Request, t *db.Transfer) []byte { return appendString(b, t.ID) }}
	transferVolume = Field[db.Transfer]{"volume_id", 0, anyone, func(b []byte, _ *Request, t *db.Transfer) []byte { return appendString(b, t.VolumeID) }}
	transferName   = Field[db.Transfer]{"name", 0, anyone, func(b []byte, _ *Request, t *db.Transfer) []byte { return appendStringOrNull(b, t.Name) }}
	transferLinks  = Field[db.Transfer]{"links", 0, anyone, func(b []byte, r *Request, t *db.Transfer) []byte {
		return appendLinks(b, r, "os-volume-transfer", t.ID)
	}}

	transferSummaryFields = []Field[db.Transfer]{transferID, transferVolume, transferName, transferLinks}
	transferFields        = []Field[db.Transfer]{
		transferID,
		{"created_at", 0, anyone, func(b []byte, _ *Request, t *db.Transfer) []byte { return appendTime(b, t.CreatedAt) }},
		transferName, transferVolume, transferLinks,
		{"no_snapshots", 55, anyone, func(b []byte, _ *Request, t *db.Transfer) []byte { return appendBool(b, t.NoSnapshots) }},
		{"destination_project_id", 57, anyone, func(b []byte, _ *Request, t *db.Transfer) []byte {
			return appendStringOrNull(b, t.DestinationProjectID)
		}},
		{"source_project_id", 57, anyone, func(b []byte, _ *Request, t *db.Transfer) []byte { return appendString(b, t.SourceProjectID) }},
		{"accepted", 57, anyone, func(b []byte, _ *Request, t *db.Transfer) []byte { return appendBool(b, t.Accepted) }},
	}
	transferCreatedFields = withKey(transferFields)
)

// withKey are the fields of a new transfer.
func withKey(fields []Field[db.Transfer]) []Field[newTransfer] {
	out := make([]Field[newTransfer], len(fields))
	for i, f := range fields {
		out[i] = Field[newTransfer]{f.Name, f.Since, f.Rule, func(b []byte, r *Request, t *newTransfer) []byte { return f.Append(b, r, &t.Transfer) }}
	}
	return slices.Insert(out, 4, Field[newTransfer]{"auth_key", 0, anyone, func(b []byte, _ *Request, t *newTransfer) []byte { return appendString(b, t.key) }})
}
