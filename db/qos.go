package db

import (
	"context"
	"encoding/json"
	"fmt"
)

var qosList = &listing[QoSSpecs]{
	what:    "QoS spec",
	missing: "No such QoS spec %s.",
	columns: "q.id, q.name, q.consumer, q.specs, q.created_at, q.updated_at",
	from:    "qos_specs q",
	id:      "q.id",
	keys: map[string]column{
		"id":         {sql: "q.id", kind: uuidColumn},
		"name":       {sql: "q.name"},
		"consumer":   {sql: "q.consumer"},
		"created_at": {sql: "q.created_at", kind: timeColumn},
		"updated_at": {sql: "q.updated_at", kind: timeColumn, nullable: true},
	},
	read: func(r *row) (q QoSSpecs) {
		q.ID, q.Name, q.Consumer = r.uuid(), r.text(), r.text()
		r.json(&q.Specs)
		q.CreatedAt, q.UpdatedAt = r.time(), r.timeOrNil()
		return q
	},
}

// ListQoSSpecs returns a page of QoS specs.
func (s *Store) ListQoSSpecs(ctx context.Context, q ListQuery) (Page[QoSSpecs], error) {
	return qosList.list(ctx, s, q)
}

// ViewQoSSpecs returns one.
func (s *Store) ViewQoSSpecs(ctx context.Context, id string) (QoSSpecs, error) {
	return qosList.get(ctx, s, id, "")
}

// CreateQoSSpecs makes QoS specs; Conflict when the name is taken.
func (s *Store) CreateQoSSpecs(ctx context.Context, name, consumer string, specs ExtraSpecs) (QoSSpecs, error) {
	q, err := s.insertQoSSpecs(ctx, insertQoSSpecsParams{Name: name, Consumer: consumer, Specs: specs})
	if uniqueViolation(err, "qos_specs_name_key") {
		return q, Errorf(Conflict, "QoS Specs %s already exists.", name)
	}
	return q, err
}

// UpdateQoSSpecs adds specs; consumer nil stays.
func (s *Store) UpdateQoSSpecs(ctx context.Context, id string, consumer *string, specs ExtraSpecs) error {
	raw, err := json.Marshal(specs)
	if err != nil {
		return fmt.Errorf("specs: %w", err)
	}
	n, err := s.updateQoSSpecs(ctx, updateQoSSpecsParams{Added: raw, Consumer: consumer, ID: id})
	if err == nil && n == 0 {
		return qosList.gone(id)
	}
	return err
}

// DeleteQoSSpecs removes what no type has; force takes it from its types first.
func (s *Store) DeleteQoSSpecs(ctx context.Context, id string, force bool) error {
	return s.tx(ctx, func(t *txn) error {
		if force {
			if err := t.disassociateAllQoSSpecs(ctx, id); err != nil {
				return fmt.Errorf("disassociate: %w", err)
			}
		}
		n, err := t.deleteQoSSpecs(ctx, id)
		switch {
		case foreignKeyViolation(err):
			return Errorf(Invalid, "Qos specs still in use.")
		case err == nil && n == 0:
			return qosList.gone(id)
		}
		return err
	})
}

// RemoveQoSKeys drops keys up to the first that is not there, which is
// NotFound; those before it stay dropped.
func (s *Store) RemoveQoSKeys(ctx context.Context, id string, keys []string) error {
	var missing error
	err := s.withQoSSpecs(ctx, id, func(t *txn, q QoSSpecs) error {
		n := 0
		for n < len(keys) && hasSpec(q.Specs, keys[n]) {
			n++
		}
		missing = nil
		if n < len(keys) {
			missing = Errorf(NotFound, "QoS spec %s has no spec with key %s.", id, keys[n])
		}
		if n == 0 {
			return nil
		}
		return t.removeQoSKeys(ctx, removeQoSKeysParams{Keys: keys[:n], ID: id})
	})
	if err != nil {
		return err
	}
	return missing
}

func hasSpec(specs ExtraSpecs, key string) bool {
	_, ok := specs[key]
	return ok
}

// withQoSSpecs runs f while the specs are locked.
func (s *Store) withQoSSpecs(ctx context.Context, id string, f func(t *txn, q QoSSpecs) error) error {
	return s.tx(ctx, func(t *txn) error {
		q, err := t.lockQoSSpecs(ctx, id)
		if none(err) {
			return qosList.gone(id)
		}
		if err != nil {
			return fmt.Errorf("lock QoS specs: %w", err)
		}
		return f(t, q)
	})
}

// TypesOfQoSSpecs lists the types that have them.
func (s *Store) TypesOfQoSSpecs(ctx context.Context, id string) ([]VolumeType, error) {
	return s.typesOfQoSSpecs(ctx, id)
}

// AssociateQoSSpecs gives a type the specs; Invalid when it has others.
func (s *Store) AssociateQoSSpecs(ctx context.Context, id, typeID string) error {
	return s.withQoSSpecs(ctx, id, func(t *txn, _ QoSSpecs) error {
		vt, err := t.lockVolumeType(ctx, typeID)
		switch {
		case none(err):
			return typeGone(typeID)
		case err != nil:
			return fmt.Errorf("lock type: %w", err)
		case vt.QoSSpecsID == nil:
			return t.associateQoSSpecs(ctx, associateQoSSpecsParams{QoSSpecsID: &id, ID: typeID})
		case *vt.QoSSpecsID != id:
			return Errorf(Invalid, "Invalid volume type: Type %s is already associated with another qos specs: %s", typeID, *vt.QoSSpecsID)
		}
		return nil
	})
}

// DisassociateQoSSpecs takes the specs from a type, which need not have them.
func (s *Store) DisassociateQoSSpecs(ctx context.Context, id, typeID string) error {
	return s.withQoSSpecs(ctx, id, func(t *txn, _ QoSSpecs) error {
		_, err := t.lockVolumeType(ctx, typeID)
		if none(err) {
			return typeGone(typeID)
		}
		if err != nil {
			return fmt.Errorf("lock type: %w", err)
		}
		return t.disassociateQoSSpecs(ctx, disassociateQoSSpecsParams{ID: typeID, QoSSpecsID: id})
	})
}

// DisassociateAllQoSSpecs takes the specs from all their types.
func (s *Store) DisassociateAllQoSSpecs(ctx context.Context, id string) error {
	return s.withQoSSpecs(ctx, id, func(t *txn, _ QoSSpecs) error { return t.disassociateAllQoSSpecs(ctx, id) })
}

// ConnectSpecs is what a volume's type adds to its connections.
type ConnectSpecs struct {
	QoS   ExtraSpecs // nil: nothing for the front end
	Extra ExtraSpecs
}

// ConnectSpecsOf reads them for a type.
func (s *Store) ConnectSpecsOf(ctx context.Context, typeID string) (ConnectSpecs, error) {
	row, err := s.connectSpecsOf(ctx, typeID)
	if err != nil {
		return ConnectSpecs{}, fmt.Errorf("specs of type %s: %w", typeID, err)
	}
	c := ConnectSpecs{Extra: row.ExtraSpecs}
	if row.Consumer != nil && *row.Consumer != "back-end" {
		c.QoS = row.Specs
	}
	return c, nil
}
