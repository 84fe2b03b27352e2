package db

// Metadata is a flat object of text to text, as Cinder keeps it with volumes
// and snapshots. The nil value of a NOT NULL column is written as {}.
type Metadata map[string]string

// ExtraSpecs are the specs of a volume type; a value may be null.
type ExtraSpecs map[string]*string

// orEmpty makes nil metadata storable in a NOT NULL column.
func (m Metadata) orEmpty() Metadata {
	if m == nil {
		return Metadata{}
	}
	return m
}

// Text returns the specs as plain text, null as the empty string.
func (e ExtraSpecs) Text() map[string]string {
	out := make(map[string]string, len(e))
	for k, v := range e {
		if v == nil {
			out[k] = ""
			continue
		}
		out[k] = *v
	}
	return out
}
