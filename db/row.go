package db

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// row reads the values of a page's rows, column after column, from PostgreSQL's
// binary format. Beside pgx's own scanning it needs no reflection, and texts
// that a row shares with the one before (project, status, host) are made once.
type row struct {
	values [][]byte
	at     int       // the next column
	before []*string // texts of the row before, by column; nil: none, or null
	err    error
}

// newRow checks that every column comes in a format that row reads.
func newRow(rows pgx.Rows) (*row, error) {
	columns := rows.FieldDescriptions()
	for _, c := range columns {
		text := c.DataTypeOID == pgtype.TextOID || c.DataTypeOID == pgtype.JSONBOID || c.DataTypeOID == pgtype.JSONOID
		if c.Format != pgtype.BinaryFormatCode && !text {
			return nil, fmt.Errorf("column %s comes as text", c.Name)
		}
	}
	return &row{before: make([]*string, len(columns))}, nil
}

// next goes to the row that rows is at.
func (r *row) next(rows pgx.Rows) { r.values, r.at = rows.RawValues(), 0 }

// take returns the next column, nil for null.
func (r *row) take() []byte {
	v := r.values[r.at]
	r.at++
	return v
}

// fixed is take of a type with that many bytes; false for null.
func (r *row) fixed(n int) ([]byte, bool) {
	v := r.take()
	if v != nil && len(v) != n && r.err == nil {
		r.err = fmt.Errorf("column %d has %d bytes and not %d", r.at, len(v), n)
	}
	return v, len(v) == n
}

// remember makes a text of raw, or finds it in the row before.
func (r *row) remember(raw []byte) *string {
	old := r.before[r.at-1]
	if old == nil || *old != string(raw) {
		s := string(raw)
		old = &s
		r.before[r.at-1] = old
	}
	return old
}

// textOrNil reads a text.
func (r *row) textOrNil() *string {
	v := r.take()
	if v == nil {
		return nil
	}
	return r.remember(v)
}

func (r *row) text() string { return valueOf(r.textOrNil()) }

// uuidOrNil reads a UUID in its usual spelling.
func (r *row) uuidOrNil() *string {
	v, ok := r.fixed(16)
	if !ok {
		return nil
	}
	var b [36]byte
	hex.Encode(b[:8], v[:4])
	hex.Encode(b[9:13], v[4:6])
	hex.Encode(b[14:18], v[6:8])
	hex.Encode(b[19:23], v[8:10])
	hex.Encode(b[24:], v[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return r.remember(b[:])
}

func (r *row) uuid() string { return valueOf(r.uuidOrNil()) }

func (r *row) int4() int32 {
	v, ok := r.fixed(4)
	if !ok {
		return 0
	}
	return int32(binary.BigEndian.Uint32(v))
}

func (r *row) bool() bool {
	v, ok := r.fixed(1)
	return ok && v[0] != 0
}

// postgresEpoch is 2000-01-01 in microseconds of Unix time.
const postgresEpoch = 946684800 * 1_000_000

// time reads a timestamptz, zero for null.
func (r *row) time() time.Time {
	v, ok := r.fixed(8)
	if !ok {
		return time.Time{}
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(v)) + postgresEpoch).UTC()
}

func (r *row) timeOrNil() *time.Time {
	t := r.time()
	if t.IsZero() {
		return nil
	}
	return &t
}

// json decodes a jsonb; null and an empty object leave v as it is.
func (r *row) json(v any) {
	raw := r.take()
	if len(raw) > 0 && raw[0] == 1 { // the version that the binary format begins with
		raw = raw[1:]
	}
	if len(raw) == 0 || string(raw) == "{}" {
		return
	}
	if err := json.Unmarshal(raw, v); err != nil && r.err == nil {
		r.err = fmt.Errorf("column %d: %w", r.at, err)
	}
}

func valueOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
